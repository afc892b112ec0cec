/** What validating policies have found about one request, and what follows: a refusal, warnings, words in the audit log. */

import type { ValidatingAdmissionPolicy } from "@knarr/kinds/generated/admissionregistration-v1.ts";
import { ApiError, type Reason } from "@knarr/machinery/status.ts";
import type { AdmissionRequest } from "../../request.ts";
import { refused } from "../refuse.ts";
import type { Binding, ConfiguredPolicy } from "./configured.ts";
import type { Misconfigured } from "./invocations.ts";
import type { PolicyMetrics } from "./metrics.ts";
import type { Annotation, Decision, Judgement } from "./validation.ts";

const MAX_ANNOTATION_BYTES = 10 * 1024;

type Configured = ConfiguredPolicy<ValidatingAdmissionPolicy, unknown>;

interface By {
  readonly one: Configured;
  readonly binding?: Binding;
}

interface Denial {
  readonly message: string;
  readonly reason: string | undefined;
}

export class Findings {
  readonly #request: AdmissionRequest;
  readonly #metrics: PolicyMetrics;
  #denial: Denial | undefined;
  /** Values by the keys of the audit log. */
  readonly #annotations = new Map<string, Set<string>>();

  constructor(request: AdmissionRequest, metrics: PolicyMetrics) {
    this.#request = request;
    this.#metrics = metrics;
  }

  misconfigured({ problem, ...by }: Misconfigured<Configured>): void {
    if (by.one.policy.spec?.failurePolicy !== "Ignore") this.#deny(by, problem);
  }

  add(by: Required<By>, { decisions, annotations }: Judgement, seconds: number): void {
    for (const decision of decisions) this.#decided(by, decision, seconds);
    for (const annotation of annotations) this.#annotated(by, annotation, seconds);
  }

  /** Hands the audit log what the policies say in annotations of their own. */
  publish(): void {
    for (const [key, values] of this.#annotations) this.#request.annotate(key, [...values].join(", "));
  }

  /** The first denial is what the client is told. */
  refusal(object: any): ApiError | undefined {
    if (!this.#denial) return undefined;
    const { message, reason = "Invalid" } = this.#denial;
    const { message: text, details } = refused(this.#request, object, message, [{ message }]);
    return new ApiError(reason as Reason, text, details);
  }

  #decided(by: Required<By>, decision: Decision, seconds: number): void {
    const { isAdmitted, isError = false, message = "", reason } = decision;
    const outcome = outcomeOf(by, seconds, isError || !isAdmitted ? message : undefined);
    if (isAdmitted) {
      if (isError) this.#metrics.validation(outcome, "allow");
      return;
    }
    const { one, binding } = by;
    for (const action of binding.validationActions) {
      if (action === "Deny") {
        this.#deny(by, message, reason);
        this.#metrics.validation(outcome, "deny");
      } else if (action === "Audit") {
        this.#audit(by, decision);
        this.#metrics.validation(outcome, "audit");
      } else if (action === "Warn") {
        this.#request.warn(
          `Validation failed for ValidatingAdmissionPolicy '${one.name}' with binding '${binding.name}': ${message}`,
        );
        this.#metrics.validation(outcome, "warn");
      }
    }
  }

  #annotated(by: Required<By>, { key, value, error }: Annotation, seconds: number): void {
    if (error !== undefined) {
      this.#deny(by, error);
      return this.#metrics.validation(outcomeOf(by, seconds, error), "deny");
    }
    const text = Buffer.from(value!).subarray(0, MAX_ANNOTATION_BYTES).toString();
    this.#annotations.getOrInsertComputed(`${by.one.name}/${key}`, () => new Set()).add(text);
  }

  #deny({ one, binding }: By, why: string, reason?: string): void {
    const bound = binding ? ` with binding '${binding.name}'` : "";
    const message = `ValidatingAdmissionPolicy '${one.name}'${bound} denied request: ${why}`;
    this.#denial ??= { message, reason };
  }

  #audit({ one, binding }: Required<By>, { index, message }: Decision): void {
    const { validationActions } = binding;
    const failure = {
      message,
      policy: one.name,
      binding: binding.name,
      expressionIndex: index,
      validationActions,
    };
    this.#request.annotate(
      "validation.policy.admission.k8s.io/validation_failure",
      JSON.stringify([failure]),
    );
  }
}

const outcomeOf = ({ one, binding }: Required<By>, seconds: number, error: string | undefined) => ({
  policy: one.name,
  binding: binding.name,
  seconds,
  error,
});
