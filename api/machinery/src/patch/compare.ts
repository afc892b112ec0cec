/**
 * Which fields differ between two states of an object: those removed, and those changed or added. One walk over both,
 * guided by the shape; nothing is made for what is equal.
 *
 * Equal lists in equal order, the usual case, are compared pair by pair; keys are only made where something differs.
 */

import { equalJson } from "./copy.ts";
import { fieldElement } from "./field-element.ts";
import { isEmpty, LEAF, type FieldNode, type FieldSet } from "./field-set.ts";
import { DEDUCED, elementOf, type ListShape, type MapShape, type Shape } from "./shape.ts";

export interface Comparison {
  /** Fields that only the new state has, or that have another value there. */
  readonly changed: FieldSet;
  /** Fields that only the old state has. */
  readonly removed: FieldSet;
}

type Members = { readonly [key: string]: unknown };

/** Throws ShapeError for list items that cannot be told apart as the shape wants. `before` is undefined for a new object. */
export function compareObjects(shape: Shape, before: Members | undefined, after: Members): Comparison {
  const comparer = new Comparer();
  comparer.compare(shape, before ?? {}, after);
  return { changed: comparer.changed ?? LEAF, removed: comparer.removed ?? LEAF };
}

/** The two fields are the answer of the last `compare`: nodes, or undefined where nothing differs. */
class Comparer {
  changed: FieldSet | undefined;
  removed: FieldSet | undefined;

  compare(shape: Shape, before: unknown, after: unknown): void {
    if (before === after) return this.#answer(undefined, undefined);
    const { map, list } = shape;
    if (map && isMapOrNothing(before) && isMapOrNothing(after) && !(isNothing(before) && isNothing(after))) {
      this.#compareMaps(map, before, after);
    } else if (list && isListOrNothing(before) && isListOrNothing(after)) {
      this.#compareLists(list, before, after);
    } else if (isBranch(shape, before) || isBranch(shape, after)) {
      this.#compareForms(shape, before, after);
    } else {
      this.#compareLeaves(before, after);
    }
  }

  /** A value that took another form (an object that is a number now): what was in it is gone, what is in it is new. */
  #compareForms(shape: Shape, before: unknown, after: unknown): void {
    if (before === undefined || after === undefined) return this.#compareLeaves(before, after);
    this.#answer(undefined, undefined);
    if (isBranch(shape, before)) this.#compareBranch(shape, before, { isAfter: false });
    const { removed } = this;
    if (!isBranch(shape, after)) return this.#answer(LEAF, removed);
    this.#compareBranch(shape, after, { isAfter: true });
    const changed = isBranch(shape, before) ? this.changed : { ".": LEAF, ...this.changed };
    this.#answer(changed, removed);
  }

  /** What is in `value`, as removed or as changed. */
  #compareBranch({ map, list }: Shape, value: unknown, { isAfter }: { readonly isAfter: boolean }): void {
    if (Array.isArray(value)) this.#compareLists(list!, isAfter ? NONE : value, isAfter ? value : NONE);
    else this.#compareMaps(map!, isAfter ? {} : (value as Members), isAfter ? (value as Members) : {});
  }

  #answer(changed: FieldSet | undefined, removed: FieldSet | undefined): void {
    this.changed = changed;
    this.removed = removed;
  }

  #compareLeaves(before: unknown, after: unknown): void {
    if (before === undefined) this.#answer(LEAF, undefined);
    else if (after === undefined) this.#answer(undefined, LEAF);
    else if (equalJson(before, after)) this.#answer(undefined, undefined);
    else this.#answer(LEAF, undefined);
  }

  #compareMaps(map: MapShape, before: Members | null | undefined, after: Members | null | undefined): void {
    // Two empty ones are compared as leaves, which keeps null and empty apart.
    if (map.atomic || (isBare(before) && isBare(after))) return this.#compareLeaves(before, after);
    let changed: FieldNode | undefined = before === undefined ? { ".": LEAF } : undefined;
    let removed: FieldNode | undefined = after === undefined ? { ".": LEAF } : undefined;
    for (const key in after) {
      const value = after[key];
      const old = before?.[key];
      if (value === old || value === undefined) continue;
      // A zero that is always written, such as a time that was never set, is no change where the struct was there.
      if (value === null && old === undefined && map.builtIn && before !== undefined) continue;
      const field = map.fields.get(key);
      if (field?.unmanaged) continue;
      this.compare(
        field ? field.shape : (map.values ?? DEDUCED),
        old ?? absent(old, field?.zero, before),
        value,
      );
      const element = field ? field.element : fieldElement(key);
      if (this.changed) (changed ??= {})[element] = this.changed;
      if (this.removed) (removed ??= {})[element] = this.removed;
    }
    for (const key in before) {
      const old = before[key];
      if (
        old === undefined ||
        after?.[key] !== undefined ||
        (old === null && map.builtIn && after !== undefined)
      )
        continue;
      const field = map.fields.get(key);
      if (field?.unmanaged) continue;
      this.compare(field ? field.shape : (map.values ?? DEDUCED), old, absent(undefined, field?.zero, after));
      const element = field ? field.element : fieldElement(key);
      if (this.changed) (changed ??= {})[element] = this.changed;
      if (this.removed) (removed ??= {})[element] = this.removed;
    }
    this.#answer(node(changed), node(removed));
  }

  #compareLists(
    list: ListShape,
    before: readonly unknown[] | null | undefined,
    after: readonly unknown[] | null | undefined,
  ): void {
    const bare = !before?.length && !after?.length;
    if (list.relation === "atomic" || bare) return this.#compareLeaves(before, after);
    if (before && after && equalJson(before, after)) return this.#answer(undefined, undefined);
    const changed: FieldNode = before === undefined ? { ".": LEAF } : {};
    const removed: FieldNode = after === undefined ? { ".": LEAF } : {};
    if (!before?.length) {
      this.#addItems(list, after!, changed);
      return this.#answer(node(changed), node(removed));
    }
    const old = byElement(list, before);
    const current = byElement(list, after);
    for (const [element, items] of current) {
      this.#compareItems(list.items, old.get(element) ?? NONE, items);
      if (this.changed) changed[element] = this.changed;
      if (this.removed) removed[element] = this.removed;
    }
    for (const [element, items] of old) {
      if (current.has(element)) continue;
      this.#compareItems(list.items, items, NONE);
      if (this.removed) removed[element] = this.removed;
    }
    this.#answer(node(changed), node(removed));
  }

  /** All items are new: nothing to look up. */
  #addItems(list: ListShape, items: readonly unknown[], changed: FieldNode): void {
    for (const item of items) {
      const element = elementOf(list, item);
      if (element in changed) {
        changed[element] = LEAF; // several: one leaf
        continue;
      }
      this.compare(list.items, undefined, item);
      changed[element] = this.changed ?? LEAF;
    }
  }

  /** Items that go by the same element: usually one on each side. Several are one leaf, since nobody can tell them apart. */
  #compareItems(shape: Shape, before: readonly unknown[], after: readonly unknown[]): void {
    if (before.length <= 1 && after.length <= 1) return this.compare(shape, before[0], after[0]);
    if (before.length >= 2 && after.length >= 2) {
      return this.#answer(equalJson(before, after) ? undefined : LEAF, undefined);
    }
    if (before.length >= 2) {
      if (after.length === 1) this.compare(shape, undefined, after[0]);
      return this.#answer(after.length === 1 ? this.changed : undefined, LEAF);
    }
    if (before.length === 1) this.compare(shape, before[0], undefined);
    this.#answer(LEAF, before.length === 1 ? this.removed : undefined);
  }
}

const NONE: readonly unknown[] = [];

/** Whether it is the parts of `value` that are owned. */
function isBranch({ map, list }: Shape, value: unknown): boolean {
  if (Array.isArray(value)) return list !== undefined && list.relation !== "atomic" && value.length > 0;
  if (typeof value !== "object" || value === null) return false;
  return map !== undefined && !map.atomic && !isBare(value as Members);
}

function byElement(list: ListShape, items: readonly unknown[] | null | undefined): Map<string, unknown[]> {
  const groups = new Map<string, unknown[]>();
  for (const item of items ?? NONE) {
    const element = elementOf(list, item);
    const group = groups.get(element);
    if (group) group.push(item);
    else groups.set(element, [item]);
  }
  return groups;
}

/** What a member that is left out counts as: nothing, unless its owner is there and is a struct that always has it. */
function absent(value: unknown, zero: unknown, owner: Members | null | undefined): unknown {
  return value === undefined && owner !== undefined ? zero : value;
}

function node(members: FieldNode | undefined): FieldSet | undefined {
  if (!members || isEmpty(members)) return undefined;
  if (!("." in members)) return members;
  for (const element in members) if (element !== ".") return members;
  return LEAF;
}

function isNothing(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function isMapOrNothing(value: unknown): value is Members | null | undefined {
  return isNothing(value) || (typeof value === "object" && !Array.isArray(value));
}

function isListOrNothing(value: unknown): value is readonly unknown[] | null | undefined {
  return isNothing(value) || Array.isArray(value);
}

function isBare(value: Members | null | undefined): boolean {
  if (isNothing(value)) return true;
  for (const key in value) if (value[key] !== undefined) return false;
  return true;
}
