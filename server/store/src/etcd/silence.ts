/**
 * Whether an etcd answers, as whoever calls it finds out: nobody asks for this alone. It is silent when as many calls in a row as it has members got
 * no answer, or when one has waited for two seconds in which none came.
 */

import type { Clock } from "@knarr/std/clock.ts";

/** Upstream's patience in its check of etcd. */
const SLOW_MS = 2_000;

export interface SilenceOptions {
  readonly members: number;
  readonly clock: Clock;
  /** What it is called in sentences. */
  readonly name: string;
  /** Told when calls begin to fail, why, and with nothing when they are answered again. */
  readonly onTrouble?: ((trouble: string | undefined) => void) | undefined;
}

/** A call, while it waits for its answer. */
export interface Call {
  readonly since: number;
}

export class Silence {
  readonly #options: SilenceOptions;
  /** Oldest first. */
  readonly #waiting = new Set<Call>();
  #lastAnswer = -Infinity;
  #failures = 0;
  /** When the first call was made that failed, of those since the last answer. */
  #since = Infinity;
  #why: string | undefined;

  constructor(options: SilenceOptions) {
    this.#options = options;
  }

  /** Why nothing can be done now, as a sentence; undefined as far as is known. */
  get trouble(): string | undefined {
    const { clock, name } = this.#options;
    if (this.#why) return this.#why;
    const [oldest] = this.#waiting;
    if (!oldest) return undefined;
    const waited = clock.now() - Math.max(oldest.since, this.#lastAnswer);
    return waited < SLOW_MS ? undefined : `${name} has not answered for ${Math.floor(waited / 1000)} seconds`;
  }

  /** For how many milliseconds calls have failed; 0 while they are answered. */
  get duration(): number {
    return this.#why ? this.#options.clock.now() - this.#since : 0;
  }

  begin(): Call {
    const call = { since: this.#options.clock.now() };
    this.#waiting.add(call);
    return call;
  }

  /** Whatever the answer was. */
  answered(call: Call): void {
    this.#waiting.delete(call);
    this.heard();
  }

  failed(call: Call, message: string): void {
    this.#waiting.delete(call);
    this.broken(message, call.since);
  }

  /** Something came that nobody had asked for just now. */
  heard(): void {
    this.#lastAnswer = this.#options.clock.now();
    this.#failures = 0;
    this.#since = Infinity;
    if (!this.#why) return;
    this.#why = undefined;
    this.#options.onTrouble?.(undefined);
  }

  broken(message: string, since = this.#options.clock.now()): void {
    const { members, name, onTrouble } = this.#options;
    this.#failures++;
    this.#since = Math.min(this.#since, since);
    if (this.#why || this.#failures < members) return;
    this.#why = `${name} does not answer: ${message}`;
    onTrouble?.(this.#why);
  }
}
