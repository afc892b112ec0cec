/** What is counted of flows, under upstream's names. A flow schema's series are looked up once; a request counts on them without looking. */

import type { Counter, Distribution, Figure, Histogram, Metrics } from "@knarr/std/metrics.ts";
import type { Dispatcher } from "./dispatcher.ts";

const SECONDS = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];
/** Upstream's, for every refusal that is not one of its other reasons. */
const REFUSED = "queue-full";

/** Of one flow schema in its priority level. */
export interface FlowFigures {
  readonly dispatched: Figure;
  readonly refused: Figure;
  readonly queued: Figure;
  readonly executing: Figure;
  readonly waited: Distribution;
  readonly waitedInVain: Distribution;
}

export class FlowMetrics {
  readonly #dispatched: Counter;
  readonly #rejected: Counter;
  readonly #queued: Counter;
  readonly #executing: Counter;
  readonly #waited: Histogram;
  readonly #bySchema = new Map<string, FlowFigures>();

  constructor(metrics: Metrics, dispatcher: Pick<Dispatcher, "seats">) {
    const start = "apiserver_flowcontrol_";
    const labels = ["priority_level", "flow_schema"];
    this.#dispatched = metrics.counter(
      `${start}dispatched_requests_total`,
      "Requests that have run.",
      labels,
    );
    this.#rejected = metrics.counter(`${start}rejected_requests_total`, "Requests that were refused.", [
      ...labels,
      "reason",
    ]);
    this.#queued = metrics.gauge(`${start}current_inqueue_requests`, "Requests that wait.", labels);
    this.#executing = metrics.gauge(`${start}current_executing_requests`, "Requests that run.", labels);
    this.#waited = metrics.histogram(
      `${start}request_wait_duration_seconds`,
      "How long requests waited, until they ran or were refused.",
      [...labels, "execute"],
      SECONDS,
    );
    // Every request here takes one seat, and what a level may borrow is decided when somebody asks for it.
    for (const name of ["nominal_limit_seats", "current_limit_seats"])
      metrics.read(
        {
          name: `${start}${name}`,
          help: "Requests that a level may run, before it borrows.",
          labels: ["priority_level"],
        },
        () => [...dispatcher.seats].map(([level, seats]) => [seats, level]),
      );
  }

  of(schema: string, level: string): FlowFigures {
    return this.#bySchema.getOrInsertComputed(schema, () => this.#figuresOf([level, schema]));
  }

  #figuresOf(labels: readonly string[]): FlowFigures {
    return {
      dispatched: this.#dispatched.series(labels),
      refused: this.#rejected.series([...labels, REFUSED]),
      queued: this.#queued.series(labels),
      executing: this.#executing.series(labels),
      waited: this.#waited.series([...labels, "true"]),
      waitedInVain: this.#waited.series([...labels, "false"]),
    };
  }

  /** A schema may be of another level from now on. */
  forget(): void {
    this.#bySchema.clear();
  }
}
