/** Random choices that are the same for the same seed, so that whatever was found can be found again. */

import { seededRandom } from "@knarr/std/seeded-random.ts";

export class Random {
  /** From 0 up to 1, without 1. */
  readonly next: () => number;

  constructor(seed: number) {
    this.next = seededRandom(seed);
  }

  /** From 0 up to `end`, without it. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }

  /** Fewer than `end` of what `make` makes. */
  some<T>(end: number, make: () => T): T[] {
    return Array.from({ length: this.below(end) }, make);
  }
}
