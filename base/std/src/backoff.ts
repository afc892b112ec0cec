/**
 * Exponential back-off per key, with upstream's numbers where a caller gives none (5 ms doubling to 1000 s).
 * Knows nothing of time: it says how long to wait, and the caller's clock waits.
 */
export class Backoff {
  readonly #failures = new Map<string, number>();
  readonly #base: number;
  readonly #max: number;

  constructor({ baseMs = 5, maxMs = 1_000_000 }: { baseMs?: number; maxMs?: number } = {}) {
    this.#base = baseMs;
    this.#max = maxMs;
  }

  /** Milliseconds to wait after one more failure of `key`. */
  next(key: string): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    return Math.min(this.#base * 2 ** failures, this.#max);
  }

  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** It worked: the next failure starts from the beginning. */
  forget(key: string): void {
    this.#failures.delete(key);
  }
}
