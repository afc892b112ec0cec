/** How far the caches have followed the store, and who waits for them to get further. */

import type { Clock } from "@knarr/std/clock.ts";
import { tooLargeVersion } from "./list-options.ts";

/** As upstream: so long a read waits for a revision that somebody has seen elsewhere. */
const PATIENCE_MS = 3000;

export class Progress {
  readonly #clock: Clock;
  #revision: number;
  #waiting: { readonly revision: number; readonly resolve: () => void }[] = [];

  constructor(revision: number, clock: Clock) {
    this.#revision = revision;
    this.#clock = clock;
  }

  get revision(): number {
    return this.#revision;
  }

  advance(revision: number): void {
    this.#revision = revision;
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = waiting.filter((waiter) => waiter.revision > revision);
    for (const waiter of waiting) if (waiter.revision <= revision) waiter.resolve();
  }

  /** For revisions that the store has acknowledged, so that they are sure to come. */
  reached(revision: number): Promise<void> {
    if (revision <= this.#revision) return DONE;
    return new Promise((resolve) => this.#waiting.push({ revision, resolve }));
  }

  /** For revisions that somebody claims. Throws Timeout when they do not come. */
  async reachedSoon(revision: number): Promise<void> {
    if (revision <= this.#revision) return;
    const enough = new AbortController();
    const reached = this.reached(revision).then(() => enough.abort());
    const patience = this.#clock.sleep(PATIENCE_MS, enough.signal).catch(() => {}); // aborted: it has come
    await Promise.race([reached, patience]);
    if (revision > this.#revision) throw tooLargeVersion(revision, this.#revision);
  }
}

const DONE = Promise.resolve();
