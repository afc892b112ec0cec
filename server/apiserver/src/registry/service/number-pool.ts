/**
 * Numbers given out from a range: node ports.
 *
 * Who asks for no number gets a random one of the upper band, and of the lower only when the upper is full, so that numbers chosen by
 * hand, mostly small ones, stay free (KEP-3070). What is given out in a dry run is not kept.
 */

import { randomInt } from "node:crypto";

export class NumberPool {
  readonly first: number;
  readonly last: number;
  /** Where the upper band begins. */
  readonly #upper: number;
  readonly #taken = new Set<number>();

  /** `lower` is how many numbers are left to choose by hand. */
  constructor(first: number, last: number, lower: number) {
    this.first = first;
    this.last = last;
    this.#upper = Math.min(last, first + lower);
  }

  contains(number: number): boolean {
    return number >= this.first && number <= this.last;
  }

  /** Whether `number` was free; it is taken now. */
  take(number: number): boolean {
    if (this.#taken.has(number)) return false;
    this.#taken.add(number);
    return true;
  }

  /** A free number, taken now; undefined when there is none. */
  takeAny(): number | undefined {
    const number = this.#freeIn(this.#upper, this.last) ?? this.#freeIn(this.first, this.#upper - 1);
    if (number !== undefined) this.#taken.add(number);
    return number;
  }

  release(number: number): void {
    this.#taken.delete(number);
  }

  get taken(): ReadonlySet<number> {
    return this.#taken;
  }

  /** From a random place on, the next free one, round and round. */
  #freeIn(from: number, to: number): number | undefined {
    const size = to - from + 1;
    if (size <= 0) return undefined;
    const offset = randomInt(size);
    for (let i = 0; i < size; i++) {
      const number = from + ((offset + i) % size);
      if (!this.#taken.has(number)) return number;
    }
    return undefined;
  }
}

/** How many numbers of `size` are for choosing by hand: between `min` and `max`, one in `step` otherwise. */
export function lowerBand(
  size: number,
  { min, max, step }: { readonly min: number; readonly max: number; readonly step: number },
): number {
  if (size <= min) return 0;
  return Math.min(Math.max(min, Math.floor(size / step)), max);
}
