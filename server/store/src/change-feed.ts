/**
 * Live changes of a store, handed to whoever follows: each follower has a queue of its own, so that one that is slow holds up
 * neither the store nor the others.
 *
 * A follower gets every batch published while it follows, in order, cut down to its prefix; or, when it lets too much pile up or
 * the feed fails, an error. It never misses a change silently.
 */

import type { Change, Store } from "./store.ts";

/** Changes that may wait for one follower. */
const MAX_WAITING = 100_000;

export class ChangeFeed {
  readonly #followers = new Set<Follower>();
  #failure: Error | undefined;

  publish(batch: readonly Change[]): void {
    for (const follower of this.#followers) follower.push(batch);
  }

  /** Ends everybody with `error`, now and later. */
  fail(error: Error): void {
    this.#failure ??= error;
    for (const follower of this.#followers) follower.fail(this.#failure);
  }

  /** Follows from now on; what comes before `after` is left out. Ends when `signal` aborts. */
  follow(prefix: string, after: number, signal: AbortSignal): Follower {
    const follower = new Follower(prefix, after, signal, () => this.#followers.delete(follower));
    if (this.#failure) follower.fail(this.#failure);
    else if (!signal.aborted) this.#followers.add(follower);
    return follower;
  }

  /** What a store's `watch` yields: what happened after `after`, as its past tells, then what comes; every change once. */
  async *watch(
    past: Pick<Store, "revision" | "changes">,
    {
      prefix,
      after,
      signal,
    }: { readonly prefix: string; readonly after: number; readonly signal: AbortSignal },
  ): AsyncGenerator<readonly Change[], void, undefined> {
    const now = Math.max(after, past.revision);
    using live = this.follow(prefix, now, signal);
    for await (const batch of past.changes(prefix, after, now)) {
      if (signal.aborted) return;
      yield batch;
    }
    yield* live;
  }
}

class Follower implements AsyncIterable<readonly Change[]>, Disposable {
  readonly #prefix: string;
  readonly #after: number;
  readonly #signal: AbortSignal;
  readonly #leave: () => void;
  #waiting: (readonly Change[])[] = [];
  #count = 0;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;
  readonly #onAbort = () => {
    this.#wake?.();
    this.#leave();
  };

  constructor(prefix: string, after: number, signal: AbortSignal, leave: () => void) {
    this.#prefix = prefix;
    this.#after = after;
    this.#signal = signal;
    this.#leave = leave;
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  push(batch: readonly Change[]): void {
    const wanted = batch.every((change) => this.#wants(change)) ? batch : batch.filter((c) => this.#wants(c));
    if (wanted.length === 0) return;
    this.#count += wanted.length;
    if (this.#count > MAX_WAITING) {
      this.#waiting = [];
      this.fail(new Error(`Cannot follow changes of ${this.#prefix}: ${this.#count} are waiting to be read`));
      return;
    }
    this.#waiting.push(wanted);
    this.#wake?.();
  }

  fail(error: Error): void {
    this.#failure ??= error;
    this.#wake?.();
    this.#leave();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly Change[]> {
    while (!this.#signal.aborted) {
      const batch = this.#waiting.shift();
      if (batch) {
        this.#count -= batch.length;
        yield batch;
      } else if (this.#failure) throw this.#failure;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  [Symbol.dispose](): void {
    this.#signal.removeEventListener("abort", this.#onAbort);
    this.#leave();
  }

  #wants({ entry }: Change): boolean {
    return entry.revision > this.#after && entry.key.startsWith(this.#prefix);
  }
}
