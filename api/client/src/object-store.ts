/**
 * Objects by key, with the look-ups of a Cache: by namespace, by controller owner and by declared index.
 *
 * An index is built when it is first asked for (or added) and kept from then on, so a look-up nobody uses costs nothing.
 * Lists are made once and shared until something they contain changes: a caller gets an array it must not change.
 */

import { controllerOf, type ApiObject } from "@knarr/machinery/object.ts";
import type { Index } from "./cache.ts";

export class ObjectStore<T extends ApiObject> {
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<Index<T>, Filing<T>>();
  #all: readonly T[] | undefined;

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(namespace?: string): readonly T[] {
    if (namespace !== undefined) return this.by(byNamespace as Index<T>, namespace);
    return (this.#all ??= [...this.#objects.values()]);
  }

  ownedBy(uid: string): readonly T[] {
    return this.by(byController as Index<T>, uid);
  }

  by(index: Index<T>, value: string): readonly T[] {
    return this.addIndex(index).list(value);
  }

  addIndex(index: Index<T>): Filing<T> {
    let filing = this.#indexes.get(index);
    if (!filing) {
      filing = new Filing(index);
      for (const [key, object] of this.#objects) filing.put(key, object);
      this.#indexes.set(index, filing);
    }
    return filing;
  }

  put(key: string, object: T): void {
    const previous = this.#objects.get(key);
    for (const filing of this.#indexes.values()) {
      if (previous) filing.remove(key, previous);
      filing.put(key, object);
    }
    this.#objects.set(key, object);
    this.#all = undefined;
  }

  /** The object that was there. */
  remove(key: string): T | undefined {
    const previous = this.#objects.get(key);
    if (!previous) return undefined;
    for (const filing of this.#indexes.values()) filing.remove(key, previous);
    this.#objects.delete(key);
    this.#all = undefined;
    return previous;
  }
}

/** Objects filed under the values of one index. */
class Filing<T extends ApiObject> {
  readonly #index: Index<T>;
  readonly #folders = new Map<string, { objects: Map<string, T>; list: readonly T[] | undefined }>();

  constructor(index: Index<T>) {
    this.#index = index;
  }

  list(value: string): readonly T[] {
    const folder = this.#folders.get(value);
    if (!folder) return NONE;
    return (folder.list ??= [...folder.objects.values()]);
  }

  put(key: string, object: T): void {
    for (const value of this.#index.values(object)) {
      if (value === undefined) continue;
      let folder = this.#folders.get(value);
      if (!folder) this.#folders.set(value, (folder = { objects: new Map(), list: undefined }));
      folder.objects.set(key, object);
      folder.list = undefined;
    }
  }

  remove(key: string, object: T): void {
    for (const value of this.#index.values(object)) {
      const folder = value === undefined ? undefined : this.#folders.get(value);
      if (!folder) continue;
      folder.objects.delete(key);
      folder.list = undefined;
      if (folder.objects.size === 0) this.#folders.delete(value!);
    }
  }
}

const NONE: readonly never[] = Object.freeze([]);

/** Every kind has these two, so they are not declared by anybody. */
const byNamespace: Pick<Index, "name" | "values"> = {
  name: "by namespace",
  values: (object) => [object.metadata.namespace ?? ""],
};
const byController: Pick<Index, "name" | "values"> = {
  name: "by controller",
  values: (object) => [controllerOf(object)?.uid],
};
