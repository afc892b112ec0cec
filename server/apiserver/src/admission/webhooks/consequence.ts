/** What follows when a webhook was asked and did not say yes: a refusal, or nothing when failure is to be ignored. */

import { ApiError, internalError, timeout } from "@knarr/machinery/status.ts";
import type { Logger } from "@knarr/std/log.ts";
import type { AdmissionMetrics, WebhookOutcome } from "../metrics.ts";
import type { AdmissionRequest } from "../../request.ts";
import type { Webhook } from "./configured.ts";
import { CallFailed, WebhookDenied } from "./refusal.ts";

export interface Consequences {
  readonly metrics: AdmissionMetrics;
  readonly log: Logger;
  readonly type: WebhookOutcome["type"];
}

export interface Asked {
  readonly webhook: Webhook;
  readonly request: AdmissionRequest;
  /** `performance.now()` when it was called. */
  readonly started: number;
  /** Under which the audit log is told that nobody was asked. */
  readonly failOpenKey: string;
}

/** Undefined: the request goes on. Errors that are no answer of the API are thrown. */
export function consequenceOf(
  err: unknown,
  { webhook, request, started, failOpenKey }: Asked,
  { metrics, log, type }: Consequences,
): ApiError | undefined {
  const { name, failurePolicy } = webhook;
  const seconds = (performance.now() - started) / 1000;
  const outcome = { name, type, operation: request.operation, seconds };
  if (err instanceof WebhookDenied) {
    metrics.webhook({ ...outcome, code: err.code, rejection: "no_error" });
    return err;
  }
  if (!(err instanceof CallFailed)) {
    metrics.webhook({ ...outcome, code: 0, rejection: "apiserver_internal_error" });
    if (err instanceof ApiError) return err;
    throw err;
  }
  const isIgnored = failurePolicy === "Ignore";
  const rejection = isIgnored || err.isCanceled ? undefined : "calling_webhook_error";
  metrics.webhook({ ...outcome, code: err.code, rejection });
  if (request.remainingMs <= 0) return tooLate();
  const about = { webhook: name, error: err.message };
  if (!isIgnored) {
    if (!err.isCanceled) log.info("Refused a request, as a webhook could not be called", about);
    return internalError(err);
  }
  if (!err.isCanceled) {
    log.info("Went on without a webhook that could not be called", about);
    metrics.failOpen(name, type);
    request.annotate(failOpenKey, name);
  }
  return undefined;
}

export function tooLate(): ApiError {
  return timeout("request did not complete within requested timeout - context deadline exceeded", 0);
}
