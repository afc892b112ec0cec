/** How far the caches have followed the store, and who waits for them to get further. */

import type { Clock } from "@knarr/std/clock.ts";
import { tooLargeVersion } from "./list-options.ts";

/** As upstream: so long a read waits for a revision that somebody has seen elsewhere. */
const PATIENCE_MS = 3000;

export class Progress {
  readonly #clock: Clock;
  #revision: number;
  #waiting: Waiter[] = [];
  #failure: Error | undefined;

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

  /** No revision is reached any more: rejects whoever waits, now and later. */
  fail(failure: Error): void {
    this.#failure ??= failure;
    for (const { reject } of this.#waiting) reject(this.#failure);
    this.#waiting = [];
  }

  /** For revisions that the store has acknowledged, so that they are sure to come. */
  reached(revision: number): Promise<void> {
    return revision <= this.#revision ? DONE : this.#wait(revision).promise;
  }

  /** For revisions that somebody claims. Throws Timeout when they do not come. */
  async reachedSoon(revision: number): Promise<void> {
    if (revision <= this.#revision) return;
    const { promise, waiter } = this.#wait(revision);
    const enough = new AbortController();
    const patience = this.#clock.sleep(PATIENCE_MS, enough.signal).catch(() => {}); // aborted: it has come
    await Promise.race([promise.finally(() => enough.abort()), patience]);
    if (revision <= this.#revision) return;
    this.#waiting = this.#waiting.filter((other) => other !== waiter);
    throw tooLargeVersion(revision, this.#revision);
  }

  #wait(revision: number): { readonly promise: Promise<void>; readonly waiter: Waiter | undefined } {
    if (this.#failure) return { promise: Promise.reject(this.#failure), waiter: undefined };
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { revision, resolve, reject };
    this.#waiting.push(waiter);
    return { promise, waiter };
  }
}

interface Waiter {
  readonly revision: number;
  readonly resolve: () => void;
  readonly reject: (err: Error) => void;
}

const DONE = Promise.resolve();
