/**
 * Values in the order of their keys, in blocks: a set of 50,000 moves some hundred values for one that comes or goes, not all that are behind it.
 *
 * Worked example with blocks of at most 4. `c` into [a b d e] [f g] makes five, so the block is halved: [a b] [c d e] [f g]. A block that loses its
 * last value goes.
 */

import { bisect } from "@knarr/std/bisect.ts";

interface Keyed {
  readonly key: string;
}

/** Few enough to move at once, so many that there are few blocks. */
const MAX_BLOCK = 512;

export class KeyOrder<V extends Keyed> {
  /** None is empty. */
  readonly #blocks: V[][] = [];

  /** Its key must not be there yet. */
  add(value: V): void {
    const index = this.#blockOf(value.key);
    const block = this.#blocks[index];
    if (!block) return void this.#blocks.push([value]);
    block.splice(positionIn(block, value.key), 0, value);
    if (block.length <= MAX_BLOCK) return;
    // What is added in order leaves full blocks behind.
    const half = block.at(-1) === value ? MAX_BLOCK : MAX_BLOCK >> 1;
    this.#blocks.splice(index + 1, 0, block.splice(half));
  }

  /** Its key must be there. */
  remove(key: string): void {
    const index = this.#blockOf(key);
    const block = this.#blocks[index]!;
    block.splice(positionIn(block, key), 1);
    if (block.length === 0) this.#blocks.splice(index, 1);
  }

  /** Values from `from` up to but not `end`, in order; without an end, up to the last. */
  between(from: string, end?: string): V[] {
    const values: V[] = [];
    for (let index = this.#blockOf(from); index < this.#blocks.length; index++) {
      const block = this.#blocks[index]!;
      if (end !== undefined && block[0]!.key >= end) break;
      const start = positionIn(block, from);
      for (let i = start; i < block.length; i++) {
        if (end !== undefined && block[i]!.key >= end) break;
        values.push(block[i]!);
      }
    }
    return values;
  }

  /** The block in which `key` is or would be: the last one that does not start behind it, else the first. */
  #blockOf(key: string): number {
    const beyond = bisect(this.#blocks.length, (i) => this.#blocks[i]![0]!.key <= key);
    return Math.max(beyond - 1, 0);
  }
}

/** Where `key` is, or would be. */
function positionIn(block: readonly Keyed[], key: string): number {
  return bisect(block.length, (i) => block[i]!.key < key);
}
