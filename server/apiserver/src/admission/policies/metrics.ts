/** What is counted of admission policies, under upstream's names. */

import type { Counter, Histogram, Metrics } from "@knarr/std/metrics.ts";

const BUCKETS = [0.0000005, 0.001, 0.01, 0.1, 1];

export interface PolicyOutcome {
  readonly policy: string;
  readonly binding: string;
  readonly seconds: number;
  /** Undefined: nothing went wrong. */
  readonly error: string | undefined;
}

export type EnforcementAction = "allow" | "deny" | "audit" | "warn";

export class PolicyMetrics {
  readonly #validations: Counter;
  readonly #validationSeconds: Histogram;
  readonly #mutations: Counter;
  readonly #mutationSeconds: Histogram;

  constructor(metrics: Metrics) {
    const labels = ["policy", "policy_binding", "error_type"];
    const enforced = [...labels, "enforcement_action"];
    this.#validations = metrics.counter(
      "apiserver_validating_admission_policy_check_total",
      "Findings of validating admission policies, by what followed from them.",
      enforced,
    );
    this.#validationSeconds = metrics.histogram(
      "apiserver_validating_admission_policy_check_duration_seconds",
      "How long the evaluations took that found something.",
      enforced,
      BUCKETS,
    );
    this.#mutations = metrics.counter(
      "apiserver_mutating_admission_policy_check_total",
      "Mutations of mutating admission policies.",
      labels,
    );
    this.#mutationSeconds = metrics.histogram(
      "apiserver_mutating_admission_policy_check_duration_seconds",
      "How long mutations took.",
      labels,
      BUCKETS,
    );
  }

  validation({ policy, binding, seconds, error }: PolicyOutcome, action: EnforcementAction): void {
    const labels = [policy, binding, errorType(error), action];
    this.#validations.add(labels);
    this.#validationSeconds.observe(labels, seconds);
  }

  mutation({ policy, binding, seconds, error }: PolicyOutcome): void {
    const labels = [policy, binding, errorType(error)];
    this.#mutations.add(labels);
    this.#mutationSeconds.observe(labels, seconds);
  }
}

function errorType(error: string | undefined): string {
  if (error === undefined) return "no_error";
  if (error.startsWith("compilation")) return "compile_error";
  return error.startsWith("validation failed due to running out of cost budget")
    ? "out_of_budget"
    : "invalid_error";
}
