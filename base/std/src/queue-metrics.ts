/** What is counted of work queues, under the names that Kubernetes' dashboards know. */

import type { Counter, Histogram, Metrics } from "./metrics.ts";
import type { QueueObserver } from "./workqueue.ts";

/** From ten nanoseconds to ten seconds, as upstream has them. */
const BUCKETS = Array.from({ length: 10 }, (_, i) => Number(`1e${i - 8}`));

export class QueueMetrics {
  readonly #adds: Counter;
  readonly #retries: Counter;
  readonly #waiting: Histogram;
  readonly #working: Histogram;
  readonly #queues = new Map<string, ObservedQueue>();

  constructor(metrics: Metrics) {
    const labels = ["name"];
    this.#adds = metrics.counter("workqueue_adds_total", "Keys that were added.", labels);
    this.#retries = metrics.counter("workqueue_retries_total", "Keys that are to be tried again.", labels);
    this.#waiting = metrics.histogram(
      "workqueue_queue_duration_seconds",
      "How long keys waited.",
      labels,
      BUCKETS,
    );
    this.#working = metrics.histogram(
      "workqueue_work_duration_seconds",
      "How long keys were worked on.",
      labels,
      BUCKETS,
    );
    const read = (name: string, help: string, value: (queue: ObservedQueue) => number): void =>
      metrics.read({ name: `workqueue_${name}`, help, labels }, () =>
        [...this.#queues].map(([queue, observed]) => [value(observed), queue]),
      );
    read("depth", "Keys that wait.", (queue) => queue.depth);
    read("unfinished_work_seconds", "Seconds of work under way, all together.", (queue) => queue.unfinished);
    read(
      "longest_running_processor_seconds",
      "Seconds of the work that is longest under way.",
      (queue) => queue.longest,
    );
  }

  /** For the queue called `name`; a queue that takes its place goes on with the same figures. */
  queue(name: string): QueueObserver {
    const observed = new ObservedQueue({
      added: () => this.#adds.add([name]),
      waited: (seconds) => this.#waiting.observe([name], seconds),
      worked: (seconds) => this.#working.observe([name], seconds),
    });
    this.#queues.set(name, observed);
    return observed;
  }

  retried(name: string): void {
    this.#retries.add([name]);
  }
}

interface Figures {
  added(): void;
  waited(seconds: number): void;
  worked(seconds: number): void;
}

class ObservedQueue implements QueueObserver {
  readonly #figures: Figures;
  /** When they were added, and taken. */
  readonly #waiting = new Map<string, number>();
  readonly #working = new Map<string, number>();

  constructor(figures: Figures) {
    this.#figures = figures;
  }

  get depth(): number {
    return this.#waiting.size;
  }

  get unfinished(): number {
    const now = performance.now();
    return [...this.#working.values()].reduce((sum, since) => sum + (now - since) / 1000, 0);
  }

  get longest(): number {
    const now = performance.now();
    return Math.max(0, ...[...this.#working.values()].map((since) => (now - since) / 1000));
  }

  added(key: string): void {
    this.#figures.added();
    this.#waiting.set(key, performance.now());
  }

  taken(key: string): void {
    const now = performance.now();
    this.#figures.waited((now - (this.#waiting.get(key) ?? now)) / 1000);
    this.#waiting.delete(key);
    this.#working.set(key, now);
  }

  done(key: string): void {
    const since = this.#working.get(key);
    if (since === undefined) return;
    this.#figures.worked((performance.now() - since) / 1000);
    this.#working.delete(key);
  }
}
