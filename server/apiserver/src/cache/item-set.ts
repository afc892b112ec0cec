/**
 * The items of one kind by key and in key order.
 *
 * The order is kept as it goes: a new key is inserted where it belongs (`key-order.ts`), a change only replaces what its slot holds. So all of a
 * namespace is one stretch, found without an index. As long as nothing changes, whoever asks
 * for the same stretch gets the same array, so that what was made of it (the bytes of a list) can be found again by it.
 */

import type { ApiObject } from "@knarr/machinery/object.ts";
import type { Item } from "./cache.ts";
import { KeyOrder } from "./key-order.ts";

interface Slot<T extends ApiObject> {
  readonly key: string;
  item: Item<T>;
}

/** No prefix of keys. */
const NOWHERE = "\0";

export class ItemSet<T extends ApiObject> {
  readonly #slots = new Map<string, Slot<T>>();
  readonly #order = new KeyOrder<Slot<T>>();
  /** Stretches asked for since the last change. */
  readonly #ranges = new Map<string, readonly Item<T>[]>();

  get size(): number {
    return this.#slots.size;
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
    this.#order.add(added);
    return undefined;
  }

  remove(key: string): Item<T> | undefined {
    const slot = this.#slots.get(key);
    if (!slot) return undefined;
    this.forget();
    this.#slots.delete(key);
    this.#order.remove(key);
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
    const end = prefix === "" ? undefined : `${prefix}\u{10ffff}`;
    return this.#order.between(from, end).map(({ item }) => item);
  }
}

export function byKey(a: { readonly key: string }, b: { readonly key: string }): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}
