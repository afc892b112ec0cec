/**
 * One webhook asked about one request, from the question whether it may be asked at all to the verdict. What it warns of and wants audited is
 * passed on here; what becomes of the verdict is the caller's business.
 */

import { randomUUID } from "node:crypto";
import { qualifiedName } from "@knarr/machinery/names.ts";
import type { Shown } from "../matching/expression-input.ts";
import type { AdmissionRequest } from "../../request.ts";
import type { WebhookClient } from "../../webhooks/client.ts";
import type { Webhook } from "./configured.ts";
import { WebhookFailure } from "../../webhooks/failure.ts";
import { CallFailed, noDryRun, WebhookDenied } from "./refusal.ts";
import { readReview, reviewOf, reviewVersionOf, verdictOf, type Verdict } from "./review.ts";

const DEFAULT_SECONDS = 10;
/** Those that do no harm when the request is not carried out. */
const HARMLESS = ["None", "NoneOnDryRun"];

export class WebhookCaller {
  readonly #client: WebhookClient;
  readonly #isMutating: boolean;

  constructor(client: WebhookClient, { isMutating }: { readonly isMutating: boolean }) {
    this.#client = client;
    this.#isMutating = isMutating;
  }

  /** Resolves when it allows the request. Throws CallFailed, WebhookDenied, and BadRequest for a dry run that it is no good for. */
  async ask(webhook: Webhook, request: AdmissionRequest, shown: Shown): Promise<Verdict> {
    const { name, sideEffects } = webhook;
    if (request.dryRun && !HARMLESS.includes(sideEffects)) throw noDryRun(name);
    const started = performance.now();
    const verdict = await this.#call(webhook, request, shown).finally(() =>
      request.took("webhooks", performance.now() - started),
    );
    const { allowed, status, warnings, auditAnnotations } = verdict;
    for (const [key, value] of Object.entries(auditAnnotations)) {
      const qualified = `${name}/${key}`;
      if (qualifiedName(qualified).length === 0) request.annotate(qualified, value);
    }
    for (const text of warnings) request.warn(text);
    if (!allowed) throw new WebhookDenied(name, status);
    return verdict;
  }

  async #call(webhook: Webhook, request: AdmissionRequest, shown: Shown): Promise<Verdict> {
    const { name, clientConfig, timeoutSeconds = DEFAULT_SECONDS, admissionReviewVersions } = webhook;
    const version = reviewVersionOf(admissionReviewVersions);
    if (!version)
      throw new CallFailed(
        name,
        "could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)",
        { code: 400 },
      );
    const uid = randomUUID();
    const timeoutMs = Math.min(timeoutSeconds * 1000, request.remainingMs);
    let response;
    try {
      const answer = await this.#client.call(clientConfig, reviewOf(version, uid, request, shown), {
        timeoutMs,
        signal: request.signal,
      });
      ({ response } = readReview(answer, version));
    } catch (err) {
      if (!(err instanceof Error)) throw err;
      const { status, isCanceled = false } = err as Partial<WebhookFailure>;
      throw new CallFailed(name, `failed to call webhook: ${err.message}`, {
        code: status?.code ?? 503,
        isCanceled,
      });
    }
    try {
      return verdictOf(response, { version, uid, isMutating: this.#isMutating });
    } catch (err) {
      throw new CallFailed(name, `received invalid webhook response: ${(err as Error).message}`, {
        code: 503,
      });
    }
  }
}
