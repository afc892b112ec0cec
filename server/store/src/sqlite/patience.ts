/**
 * Notices that somebody has been waited for in vain. However much is waited for, one timer runs at most, and none when nothing is.
 *
 * A process that was stopped itself (a debugger, a machine that slept) starts to count anew.
 */

import type { Clock } from "@knarr/std/clock.ts";

export interface PatienceOptions {
  readonly clock: Clock;
  readonly ms: number;
  readonly signal: AbortSignal;
  /** Called once for each time that nothing is heard for so long. */
  exhausted(): void;
}

/** A timer is later than this only when the process did not run. */
const LATE_MS = 1000;

export class Patience {
  readonly #options: PatienceOptions;
  /** Since when something is waited for and nothing was heard; undefined: nothing is. */
  #since: number | undefined;
  #isRunning = false;

  constructor(options: PatienceOptions) {
    this.#options = options;
  }

  /** Something is waited for from now on, beside what was before. */
  begin(): void {
    this.#since ??= this.#options.clock.now();
    if (!this.#isRunning) this.#run().catch(() => {}); // aborted: nobody waits any more
  }

  /** Something has come. Is there more? */
  heard({ isMoreAwaited }: { readonly isMoreAwaited: boolean }): void {
    this.#since = isMoreAwaited ? this.#options.clock.now() : undefined;
  }

  async #run(): Promise<void> {
    const { clock, ms, signal, exhausted } = this.#options;
    this.#isRunning = true;
    while (this.#since !== undefined) {
      const left = this.#since + ms - clock.now();
      if (left > 0) await clock.sleep(left, signal);
      else if (left < -LATE_MS) this.#since = clock.now();
      else {
        this.#since = undefined;
        exhausted();
      }
    }
    this.#isRunning = false;
  }
}
