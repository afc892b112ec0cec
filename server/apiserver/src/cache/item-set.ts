/**
 * The items of one kind by key and in key order.
 *
 * The order is kept as it goes: a new key is inserted where it belongs (a binary search and a move of memory), a change only replaces
 * what its slot holds. So all of a namespace is one stretch of the array, found without an index. As long as nothing changes, whoever asks
 * for the same stretch gets the same array, so that what was made of it (the bytes of a list) can be found again by it.
 */

import type { ApiObject } from "@knarr/machinery/object.ts";
import type { Item } from "./cache.ts";

interface Slot<T extends ApiObject> {
  readonly key: string;
  item: Item<T>;
}

/** No prefix of keys. */
const NOWHERE = "\0";

export class ItemSet<T extends ApiObject> {
  readonly #slots = new Map<string, Slot<T>>();
  readonly #sorted: Slot<T>[] = [];
  /** Stretches asked for since the last change. */
  readonly #ranges = new Map<string, readonly Item<T>[]>();

  get size(): number {
    return this.#sorted.length;
  }

  get(key: string): Item<T> | undefined {
    return this.#slots.get(key)?.item;
  }

  /** Answers with what was there. */
  put(item: Item<T>): Item<T> | undefined {
    this.forget();
    const slot = this.#slots.get(item.key);
    if (slot) {
      const previous = slot.item;
      slot.item = item;
      return previous;
    }
    const added = { key: item.key, item };
    this.#slots.set(item.key, added);
    const last = this.#sorted.at(-1);
    if (!last || last.key < item.key) this.#sorted.push(added);
    else this.#sorted.splice(this.#position(item.key), 0, added);
    return undefined;
  }

  remove(key: string): Item<T> | undefined {
    const slot = this.#slots.get(key);
    if (!slot) return undefined;
    this.forget();
    this.#slots.delete(key);
    this.#sorted.splice(this.#position(key), 1);
    return slot.item;
  }

  /** Items whose key starts with `prefix` and is not before `from`, in key order. The array is shared: nobody may change it. */
  range(prefix: string, from = prefix): readonly Item<T>[] {
    if (from > prefix) return this.#read(prefix, from);
    const known = this.#ranges.get(prefix);
    if (known) return known;
    const items = this.#read(prefix, prefix);
    // All that is empty is one stretch: users may ask for as many namespaces that are not there as they like.
    return this.#ranges.getOrInsert(items.length > 0 ? prefix : NOWHERE, items);
  }

  /** Lets go of arrays that nobody may ask for again. */
  forget(): void {
    if (this.#ranges.size > 0) this.#ranges.clear();
  }

  #read(prefix: string, from: string): Item<T>[] {
    const start = this.#position(from);
    const end = prefix === "" ? this.#sorted.length : this.#position(`${prefix}\u{10ffff}`);
    const items: Item<T>[] = new Array(Math.max(end - start, 0));
    for (let i = start; i < end; i++) items[i - start] = this.#sorted[i]!.item;
    return items;
  }

  /** Where `key` is, or would be. */
  #position(key: string): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#sorted[middle]!.key < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export function byKey(a: { readonly key: string }, b: { readonly key: string }): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}
