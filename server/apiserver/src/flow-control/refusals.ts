/**
 * When refused requests are told so. The first of a flow hears it at once, with the second after which to come again; who comes sooner all
 * the same is answered when that second is over. Otherwise a client that does not listen would keep the server busy with refusing it.
 */

import type { Clock } from "@knarr/std/clock.ts";

/** As `Retry-After` says. */
export const RETRY_AFTER_SECONDS = 1;
/** More of one flow do not wait: they would take memory. */
const MOST_WAITING = 1000;

export class Refusals {
  readonly #clock: Clock;
  readonly #stopping: AbortSignal;
  /** Flows that were told to come again, with how many came too soon. */
  readonly #told = new Map<string, { readonly until: Promise<void>; waiting: number }>();

  constructor(clock: Clock, stopping: AbortSignal) {
    this.#clock = clock;
    this.#stopping = stopping;
  }

  /** Resolves when a request of `flow` is to hear that it is refused. */
  tell(flow: string): Promise<void> | void {
    const told = this.#told.get(flow);
    if (!told) {
      const until = this.#clock
        .sleep(RETRY_AFTER_SECONDS * 1000, this.#stopping)
        .catch(() => undefined) // the server stops: everybody may go
        .finally(() => this.#told.delete(flow));
      this.#told.set(flow, { until, waiting: 0 });
      return;
    }
    if (told.waiting >= MOST_WAITING) return;
    told.waiting++;
    return told.until;
  }
}
