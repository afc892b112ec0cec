/** What clients in this process ask, under the names that upstream's controllers and scheduler have for their requests. */

import type { Counter, Distribution, Figure, Histogram, Metrics } from "@knarr/std/metrics.ts";

const SECONDS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];
/** In place of an address: there is no socket. */
const HOST = "in-process";

export class ClientMetrics {
  readonly #requests: Counter;
  readonly #seconds: Histogram;
  readonly #byMethod = new Map<string, MethodFigures>();

  constructor(metrics: Metrics) {
    this.#requests = metrics.counter("rest_client_requests_total", "Requests of clients in this process.", [
      "code",
      "host",
      "method",
    ]);
    this.#seconds = metrics.histogram(
      "rest_client_request_duration_seconds",
      "How long clients in this process waited.",
      ["host", "verb"],
      SECONDS,
    );
  }

  /** `started` as performance.now() has it. */
  answered(method: string, code: number, started: number): void {
    const { codes, seconds } = this.#byMethod.getOrInsertComputed(method, () => ({
      codes: new Map(),
      seconds: this.#seconds.series([HOST, method]),
    }));
    codes.getOrInsertComputed(code, () => this.#requests.series([String(code), HOST, method])).add();
    seconds.observe((performance.now() - started) / 1000);
  }
}

interface MethodFigures {
  readonly codes: Map<number, Figure>;
  readonly seconds: Distribution;
}
