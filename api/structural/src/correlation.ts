/**
 * An object beside what it was before an update, node by node (KEP-4008): what did not change may be as bad as it was,
 * and rules see it as `oldSelf`. Members of objects are found again by name, items of a list by their keys when the list is
 * a map; items of other lists are not found again, so a change in one makes the whole list new.
 */

import { equalJson } from "@knarr/machinery/patch/copy.ts";
import { isJsonObject } from "@knarr/machinery/object.ts";
import type { Structural } from "./structural.ts";

export class Correlation {
  readonly value: unknown;
  readonly previous: unknown;
  readonly structural: Structural;
  #isUnchanged: boolean | undefined;
  #children: Map<string | number, Correlation> | undefined;
  #byKeys: ReadonlyMap<string, unknown> | undefined;

  constructor(value: unknown, previous: unknown, structural: Structural) {
    this.value = value;
    this.previous = previous;
    this.structural = structural;
  }

  /** The member `name` in both; undefined when one does not have it or the schema does not know it. */
  member(name: string): Correlation | undefined {
    const { value, previous } = this;
    if (!isJsonObject(value) || !isJsonObject(previous)) return undefined;
    if (!Object.hasOwn(value, name) || !Object.hasOwn(previous, name)) return undefined;
    return this.#child(name, value[name], previous[name], this.structural.at(name));
  }

  /** The item at `index` and the one that had its keys before. */
  item(index: number): Correlation | undefined {
    const { value, previous, structural } = this;
    if (!Array.isArray(value) || !Array.isArray(previous) || structural.listType !== "map") return undefined;
    const keys = keysOf(value[index], structural.mapKeys);
    if (keys === undefined) return undefined;
    this.#byKeys ??= byKeys(previous, structural.mapKeys);
    const before = this.#byKeys.get(keys);
    return before === undefined ? undefined : this.#child(index, value[index], before, structural.items);
  }

  /**
   * Whether nothing changed. Order does not count in lists that are maps; where the schema says nothing of a member,
   * nobody can tell, and it counts as changed.
   */
  get isUnchanged(): boolean {
    return (this.#isUnchanged ??= this.#compare());
  }

  #child(
    step: string | number,
    value: unknown,
    previous: unknown,
    structural: Structural | undefined,
  ): Correlation | undefined {
    if (!structural) return undefined;
    const children = (this.#children ??= new Map());
    let child = children.get(step);
    if (!child) children.set(step, (child = new Correlation(value, previous, structural)));
    return child;
  }

  #compare(): boolean {
    const { value, previous } = this;
    if (Array.isArray(value)) {
      if (!Array.isArray(previous) || value.length !== previous.length) return false;
      if (this.structural.listType !== "map") return equalJson(value, previous);
      return value.every((_item, index) => this.item(index)?.isUnchanged ?? false);
    }
    if (!isJsonObject(value)) return value === previous;
    if (!isJsonObject(previous)) return false;
    const names = Object.keys(value);
    if (names.length !== Object.keys(previous).length) return false;
    return names.every((name) => this.member(name)?.isUnchanged ?? false);
  }
}

function byKeys(items: readonly unknown[], names: readonly string[]): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>();
  for (const item of items) {
    const keys = keysOf(item, names);
    if (keys !== undefined && !found.has(keys)) found.set(keys, item);
  }
  return found;
}

/** Undefined for what has no keys of its own: no object, a key that is missing or no scalar. */
function keysOf(item: unknown, names: readonly string[]): string | undefined {
  if (!isJsonObject(item)) return undefined;
  const keys: unknown[] = [];
  for (const name of names) {
    const key = item[name];
    if (typeof key !== "string" && typeof key !== "number" && typeof key !== "boolean") return undefined;
    keys.push(key);
  }
  return JSON.stringify(keys);
}
