/** The real clock, which can be put forward: who sleeps until then wakes at once. So what a server forgets by and by need not be waited for. */

import type { Clock } from "@knarr/std/clock.ts";

export class HurriedClock implements Clock {
  #ahead = 0;
  readonly #sleepers = new Set<{ readonly at: number; wake(): void }>();

  now(): number {
    return Date.now() + this.#ahead;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const over = (end: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", aborted);
      this.#sleepers.delete(sleeper);
      end();
    };
    const aborted = (): void => over(() => reject(signal!.reason));
    const sleeper = { at: this.now() + ms, wake: () => over(resolve) };
    const timer = setTimeout(sleeper.wake, ms);
    signal?.addEventListener("abort", aborted);
    this.#sleepers.add(sleeper);
    return promise;
  }

  advance(ms: number): void {
    this.#ahead += ms;
    for (const sleeper of [...this.#sleepers]) if (sleeper.at <= this.now()) sleeper.wake();
  }
}
