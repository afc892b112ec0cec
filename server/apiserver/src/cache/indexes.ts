/**
 * Items filed under values of theirs: node, involved object, owner, and whatever code in this process declares.
 *
 * An index is built when it is first asked for and kept in step from then on. A value's items are put in key order once and shared until
 * one of them changes.
 */

import type { Index } from "@knarr/client/cache.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import type { Item } from "./cache.ts";
import { byKey } from "./item-set.ts";

/** Fields that lists and watches select by so often that they have an index where a kind has them. */
const INDEXED_FIELDS = ["spec.nodeName", "involvedObject.uid", "involvedObject.name", "regarding.name"];

export function indexedFields(resource: Resource<any>): readonly string[] {
  return INDEXED_FIELDS.filter((field) => resource.selectableFields?.[field]);
}

type ValuesOf<T extends ApiObject> = (object: T) => readonly (string | undefined)[];

export class Indexes<T extends ApiObject> {
  readonly #resource: Resource<T>;
  readonly #items: () => Iterable<Item<T>>;
  readonly #byField = new Map<string, Filing<T>>();
  readonly #declared = new Map<Index<T>, Filing<T>>();
  #byOwner: Filing<T> | undefined;
  #all: Filing<T>[] = [];

  constructor(resource: Resource<T>, items: () => Iterable<Item<T>>) {
    this.#resource = resource;
    this.#items = items;
  }

  byField(field: string, value: string): readonly Item<T>[] {
    const valueOf = this.#resource.selectableFields![field]!;
    const filing = this.#byField.get(field) ?? this.#add((object) => [valueOf(object)]);
    this.#byField.set(field, filing);
    return filing.list(value);
  }

  byOwner(uid: string): readonly Item<T>[] {
    this.#byOwner ??= this.#add((object) => object.metadata.ownerReferences?.map((owner) => owner.uid) ?? []);
    return this.#byOwner.list(uid);
  }

  by(index: Index<T>, value: string): readonly Item<T>[] {
    const filing = this.#declared.get(index) ?? this.#add((object) => index.values(object));
    this.#declared.set(index, filing);
    return filing.list(value);
  }

  change(item: Item<T> | undefined, previous: Item<T> | undefined): void {
    for (const filing of this.#all) {
      if (previous) filing.remove(previous);
      if (item) filing.put(item);
    }
  }

  #add(valuesOf: ValuesOf<T>): Filing<T> {
    const filing = new Filing(valuesOf);
    for (const item of this.#items()) filing.put(item);
    this.#all.push(filing);
    return filing;
  }
}

class Filing<T extends ApiObject> {
  readonly #valuesOf: ValuesOf<T>;
  readonly #folders = new Map<
    string,
    { items: Map<string, Item<T>>; list: readonly Item<T>[] | undefined }
  >();

  constructor(valuesOf: ValuesOf<T>) {
    this.#valuesOf = valuesOf;
  }

  list(value: string): readonly Item<T>[] {
    const folder = this.#folders.get(value);
    if (!folder) return [];
    return (folder.list ??= [...folder.items.values()].sort(byKey));
  }

  put(item: Item<T>): void {
    for (const value of this.#valuesOf(item.object)) {
      if (value === undefined) continue;
      let folder = this.#folders.get(value);
      if (!folder) this.#folders.set(value, (folder = { items: new Map(), list: undefined }));
      folder.items.set(item.key, item);
      folder.list = undefined;
    }
  }

  remove({ key, object }: Item<T>): void {
    for (const value of this.#valuesOf(object)) {
      const folder = value === undefined ? undefined : this.#folders.get(value);
      if (!folder) continue;
      folder.items.delete(key);
      folder.list = undefined;
      if (folder.items.size === 0) this.#folders.delete(value!);
    }
  }
}
