/** What is counted of admission, under upstream's names. */

import type { Counter, Histogram, Metrics } from "@knarr/std/metrics.ts";
import { PolicyMetrics } from "./policies/metrics.ts";

const BUCKETS = [0.005, 0.025, 0.1, 0.5, 1, 2.5];
const WEBHOOK_BUCKETS = [...BUCKETS, 10, 25];
const CONDITION_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25];
/** Codes above are counted as this one: a webhook may say any number. */
const HIGHEST_CODE = 600;

/** What became of one call of a webhook. */
export interface WebhookOutcome {
  readonly name: string;
  readonly type: "admit" | "validating";
  readonly operation: string;
  readonly seconds: number;
  readonly code: number;
  /** Why the request is refused; undefined when it is not. */
  readonly rejection?: "no_error" | "calling_webhook_error" | "apiserver_internal_error" | undefined;
}

export class AdmissionMetrics {
  readonly #steps;
  readonly #controllers;
  readonly #webhookSeconds;
  readonly #webhookRequests;
  readonly #webhookRejections;
  readonly #webhookFailOpen;
  readonly conditionSeconds: Histogram;
  readonly conditionErrors: Counter;
  readonly conditionExclusions: Counter;
  readonly policies: PolicyMetrics;

  constructor(metrics: Metrics) {
    this.policies = new PolicyMetrics(metrics);
    this.#steps = metrics.histogram(
      "apiserver_admission_step_admission_duration_seconds",
      "How long mutating and validating admission took as a whole.",
      ["type", "operation", "rejected"],
      BUCKETS,
    );
    this.#controllers = metrics.histogram(
      "apiserver_admission_controller_admission_duration_seconds",
      "How long each plugin took that had to wait for something.",
      ["name", "type", "operation", "rejected"],
      BUCKETS,
    );
    this.#webhookSeconds = metrics.histogram(
      "apiserver_admission_webhook_admission_duration_seconds",
      "How long webhooks took to answer.",
      ["name", "type", "operation", "rejected"],
      WEBHOOK_BUCKETS,
    );
    this.#webhookRequests = metrics.counter(
      "apiserver_admission_webhook_request_total",
      "Calls of webhooks, by the code they came to.",
      ["name", "type", "operation", "code", "rejected"],
    );
    this.#webhookRejections = metrics.counter(
      "apiserver_admission_webhook_rejection_count",
      "Requests refused by a webhook, or because one could not be asked.",
      ["name", "type", "operation", "error_type", "rejection_code"],
    );
    this.#webhookFailOpen = metrics.counter(
      "apiserver_admission_webhook_fail_open_count",
      "Requests let through though a webhook could not be asked.",
      ["name", "type"],
    );
    const condition = ["name", "kind", "type", "operation"];
    this.conditionSeconds = metrics.histogram(
      "apiserver_admission_match_condition_evaluation_seconds",
      "How long match conditions took.",
      condition,
      CONDITION_BUCKETS,
    );
    this.conditionErrors = metrics.counter(
      "apiserver_admission_match_condition_evaluation_errors_total",
      "Match conditions that could not be evaluated.",
      condition,
    );
    this.conditionExclusions = metrics.counter(
      "apiserver_admission_match_condition_exclusions_total",
      "Requests that match conditions left out.",
      condition,
    );
  }

  step(type: "admit" | "validate", operation: string, seconds: number, isRejected: boolean): void {
    this.#steps.observe([type, operation, String(isRejected)], seconds);
  }

  /** Waits for a plugin; those that need not wait are too quick to be measured. */
  async controller(
    labels: readonly [name: string, type: string, operation: string],
    waiting: Promise<void>,
  ): Promise<void> {
    const started = performance.now();
    let isRejected = true;
    try {
      await waiting;
      isRejected = false;
    } finally {
      const seconds = (performance.now() - started) / 1000;
      this.#controllers.observe([...labels, String(isRejected)], seconds);
    }
  }

  webhook({ name, type, operation, seconds, code, rejection }: WebhookOutcome): void {
    const shown = String(Math.min(code, HIGHEST_CODE));
    const isRejected = String(rejection !== undefined);
    this.#webhookRequests.add([name, type, operation, shown, isRejected]);
    this.#webhookSeconds.observe([name, type, operation, isRejected], seconds);
    if (rejection) this.#webhookRejections.add([name, type, operation, rejection, shown]);
  }

  failOpen(name: string, type: "admit" | "validating"): void {
    this.#webhookFailOpen.add([name, type]);
  }
}
