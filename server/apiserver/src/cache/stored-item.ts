/**
 * An item as the cache keeps it.
 *
 * A Buffer costs some 500 bytes beside those in it, most of them outside the heap where they lie about between others; a string costs 16. So the bytes
 * of a small object are kept as a string, each byte a character of it, and made again for whoever asks. Those of a large one are kept as they are.
 */

import type { ApiObject } from "@knarr/machinery/object.ts";
import type { Item } from "./cache.ts";

/** Below it, making a Buffer anew takes a fraction of a microsecond. */
const SMALL_BYTES = 2048;

export class StoredItem<T extends ApiObject> implements Item<T> {
  readonly key: string;
  readonly object: T;
  readonly revision: number;
  readonly isOutdated?: true;
  readonly #kept: Buffer | string;

  /** `bytes` are those of `roomFor`. */
  constructor({ key, object, bytes, revision, isOutdated }: Omit<Item<T>, "size">) {
    this.key = key;
    this.object = object;
    this.revision = revision;
    if (isOutdated) this.isOutdated = isOutdated;
    this.#kept = bytes.length < SMALL_BYTES ? bytes.toString("latin1") : bytes;
  }

  get bytes(): Buffer {
    return typeof this.#kept === "string" ? Buffer.from(this.#kept, "latin1") : this.#kept;
  }

  get size(): number {
    return this.#kept.length;
  }
}

/**
 * Room for the bytes of an item. What is kept has memory of its own: small Buffers share slabs, and an object that stays would keep its
 * neighbours' memory.
 */
export function roomFor(length: number): Buffer {
  return length < SMALL_BYTES ? Buffer.allocUnsafe(length) : Buffer.allocUnsafeSlow(length);
}
