/** How a request ends that a webhook does not let through, or that it could not be asked about. */

import { quote } from "@knarr/machinery/quote.ts";
import { ApiError, badRequest, type StatusDetails } from "@knarr/machinery/status.ts";
import type { WebhookStatus } from "./review.ts";

/** The webhook could not be asked: the failure policy decides. */
export class CallFailed extends Error {
  override readonly name = "CallFailed";
  /** For metrics. */
  readonly code: number;
  /** Nobody waits for the answer any more. */
  readonly isCanceled: boolean;

  constructor(
    webhook: string,
    why: string,
    { code, isCanceled = false }: { readonly code: number; readonly isCanceled?: boolean },
  ) {
    super(`failed calling webhook ${quote(webhook)}: ${why}`);
    this.code = code;
    this.isCanceled = isCanceled;
  }
}

/** The webhook says no. Reason and details are its own, whatever they are, and so is the code when it is one of a refusal. */
export class WebhookDenied extends ApiError {
  readonly #reason: string;

  constructor(webhook: string, { message, reason = "", code = 0, details }: WebhookStatus = {}) {
    const by = `admission webhook ${quote(webhook)} denied the request`;
    const why = message || reason;
    super("Unknown", why ? `${by}: ${why}` : `${by} without explanation`, details as StatusDetails, {
      code: code < 400 || code > 599 ? 400 : code,
    });
    this.#reason = reason;
  }

  override toJSON(): object {
    const { code, ...status } = super.toJSON() as { readonly code: number };
    return { ...status, ...(this.#reason && { reason: this.#reason }), code };
  }
}

export function noDryRun(webhook: string): ApiError {
  return badRequest(`admission webhook ${quote(webhook)} does not support dry run`);
}
