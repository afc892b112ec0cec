/** What is counted of scheduling, under upstream's names. */

import type { Counter, Distribution, Histogram, Metrics } from "@knarr/std/metrics.ts";
import type { SchedulingQueue } from "./queue.ts";

/** How an attempt ended. */
export type Result = "scheduled" | "unschedulable" | "error";

const doubling = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => first * 2 ** i);

export class SchedulerMetrics {
  readonly #attempts: Counter;
  readonly #attemptSeconds: Histogram;
  readonly #algorithm: Distribution;
  readonly #podSeconds: Histogram;
  readonly #podAttempts: Distribution;
  readonly #preemptions: Counter;
  readonly #victims: Distribution;
  #counts: () => ReturnType<SchedulingQueue["counts"]> = () => NONE;

  constructor(metrics: Metrics) {
    const labels = ["result", "profile"];
    const histogram = (
      name: string,
      { help, labels = [] }: { readonly help: string; readonly labels?: readonly string[] },
      buckets: readonly number[],
    ): Histogram => metrics.histogram(`scheduler_${name}`, help, labels, buckets);
    this.#attempts = metrics.counter(
      "scheduler_schedule_attempts_total",
      "Attempts, by how they ended.",
      labels,
    );
    this.#attemptSeconds = histogram(
      "scheduling_attempt_duration_seconds",
      { help: "How long attempts took, with the binding.", labels },
      doubling(0.001, 15),
    );
    this.#algorithm = histogram(
      "scheduling_algorithm_duration_seconds",
      { help: "How long it took to choose a node." },
      doubling(0.001, 15),
    ).series([]);
    this.#podSeconds = histogram(
      "pod_scheduling_sli_duration_seconds",
      { help: "From when a pod was first seen until it was bound.", labels: ["attempts"] },
      doubling(0.01, 20),
    );
    this.#podAttempts = histogram(
      "pod_scheduling_attempts",
      { help: "How many attempts pods took that were bound." },
      doubling(1, 5),
    ).series([]);
    this.#preemptions = metrics.counter(
      "scheduler_preemption_attempts_total",
      "How often room was made for a pod.",
    );
    this.#victims = histogram(
      "preemption_victims",
      { help: "How many pods made room at a time." },
      doubling(1, 7),
    ).series([]);
    metrics.read(
      { name: "scheduler_pending_pods", help: "Pods that wait, by what for.", labels: ["queue"] },
      () => Object.entries(this.#counts()).map(([queue, count]) => [count, queue]),
    );
  }

  /** Shown from now on as those that wait. */
  watch(queue: Pick<SchedulingQueue, "counts">): void {
    this.#counts = () => queue.counts();
  }

  /** `started` as performance.now() has it. */
  attempted(result: Result, { profile, started }: { profile: string; started: number }): void {
    this.#attempts.add([result, profile]);
    this.#attemptSeconds.observe([result, profile], (performance.now() - started) / 1000);
  }

  chosen(started: number): void {
    this.#algorithm.observe((performance.now() - started) / 1000);
  }

  bound({ attempts, milliseconds }: { readonly attempts: number; readonly milliseconds: number }): void {
    this.#podAttempts.observe(attempts);
    // Upstream's labels end here, too.
    this.#podSeconds.observe([attempts >= MANY ? `${MANY}+` : String(attempts)], milliseconds / 1000);
  }

  preempted(victims: number): void {
    this.#preemptions.add([]);
    this.#victims.observe(victims);
  }
}

const MANY = 15;
const NONE = { active: 0, backoff: 0, unschedulable: 0, gated: 0 };
