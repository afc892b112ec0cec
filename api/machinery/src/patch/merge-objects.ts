/**
 * Joining a live object with an applied configuration, and taking fields out again.
 *
 * Nothing is removed by a merge. Lists that are maps or sets keep the live order where the configuration does not say
 * otherwise, and take the configuration's order where it does.
 */

import { isJsonObject } from "../object.ts";
import { isEmpty, isMember, LEAF, type FieldNode, type FieldSet } from "./field-set.ts";
import { fieldElement } from "./field-element.ts";
import { DEDUCED, elementOf, type ListShape, type MapShape, type Shape } from "./shape.ts";

type Members = { readonly [key: string]: unknown };

/** `live` with `config` on top. The result shares what it can with both. */
export function mergeObjects(shape: Shape, live: unknown, config: unknown): unknown {
  if (config === undefined || live === config) return live;
  if (live === undefined) return config;
  if (shape.map && isJsonObject(live) && isJsonObject(config)) return mergeMaps(shape.map, live, config);
  if (shape.list && Array.isArray(live) && Array.isArray(config)) return mergeLists(shape.list, live, config);
  // What is written as null where live has content is content that the configuration has no say about.
  if (config === null && ((shape.map && isJsonObject(live)) || (shape.list && Array.isArray(live)))) {
    const atomic = isJsonObject(live) ? shape.map!.atomic : shape.list!.relation === "atomic";
    const empty = isJsonObject(live) ? isEmpty(live as FieldSet) : (live as unknown[]).length === 0;
    return atomic || empty ? null : live;
  }
  return config;
}

function mergeMaps(map: MapShape, live: Members, config: Members): unknown {
  if (map.atomic) return config;
  const result: Record<string, unknown> = { ...live };
  for (const key in config) {
    const shape = map.fields.get(key)?.shape ?? map.values ?? DEDUCED;
    result[key] = mergeObjects(shape, live[key], config[key]);
  }
  return result;
}

/**
 * Items both have are merged; those only one has are kept. Walks both lists at once:
 *
 *     live a b c d, config c x a   →   b c x a d: `c` and `a` in the configuration's order, `b` and `d` where they were
 */
function mergeLists(list: ListShape, live: readonly unknown[], config: readonly unknown[]): unknown {
  if (list.relation === "atomic" || (live.length === 0 && config.length === 0)) return config;
  const theirs = config.map((item) => elementOf(list, item));
  const ours = live.map((item) => elementOf(list, item));
  const inConfig = new Map(theirs.map((element, index) => [element, config[index]]));
  const inLive = new Map<string, unknown>();
  // Several live items of one element cannot be merged with the configuration's: it replaces them.
  for (const [index, element] of ours.entries())
    inLive.set(element, inLive.has(element) ? undefined : live[index]);

  const result: unknown[] = [];
  const shared = theirs.filter((element) => inLive.has(element));
  let nextShared = 0;
  const merged = new Set<string>();
  const take = (element: string): void => {
    merged.add(element);
    result.push(mergeObjects(list.items, inLive.get(element), inConfig.get(element)));
    if (shared[nextShared] === element) nextShared++;
  };
  let left = 0;
  let right = 0;
  while (left < ours.length || right < theirs.length) {
    const mine = ours[left];
    const other = theirs[right];
    if (mine !== undefined && other !== undefined) {
      if (mine === other) {
        take(mine);
        left++;
        right++;
        continue;
      }
      if (inConfig.has(mine) && nextShared < shared.length && shared[nextShared] !== mine) {
        left++; // its turn comes when the configuration names it
        continue;
      }
    }
    if (mine !== undefined) {
      if (!inConfig.has(mine)) {
        result.push(live[left]);
        left++;
        continue;
      }
      if (merged.has(mine)) left++;
    }
    if (other !== undefined) {
      take(other);
      right++;
    }
  }
  return result;
}

/** `value` without the fields and items in `set`, and without what lies below them. */
export function removeFields(shape: Shape, value: unknown, set: FieldSet): unknown {
  if (isEmpty(set)) return value;
  if (shape.map && isJsonObject(value)) return removeFromMap(shape.map, value, set);
  if (shape.list && Array.isArray(value)) return removeFromList(shape.list, value, set);
  return value;
}

function removeFromMap(map: MapShape, value: Members, set: FieldSet): unknown {
  if (map.atomic) return null;
  let result: Record<string, unknown> | undefined;
  for (const key in value) {
    const field = map.fields.get(key);
    const node = set[field ? field.element : fieldElement(key)];
    if (!node) continue;
    if (isMember(node)) {
      delete (result ??= { ...value })[key];
      continue;
    }
    const left = removeFields(field?.shape ?? map.values ?? DEDUCED, value[key], node);
    if (left !== value[key]) (result ??= { ...value })[key] = left;
  }
  if (!result) return value;
  return isEmpty(result as FieldSet) ? null : result;
}

function removeFromList(list: ListShape, value: readonly unknown[], set: FieldSet): unknown {
  if (list.relation === "atomic") return null;
  const result: unknown[] = [];
  for (const item of value) {
    const node = set[elementOf(list, item)];
    if (!node) result.push(item);
    else if (!isMember(node)) result.push(removeFields(list.items, item, node));
  }
  return result.length ? result : null;
}

/** `set` with every declared field that has something below it, too: owning a part is owning that it is there. */
export function withNamedFields(shape: Shape | undefined, set: FieldSet): FieldSet {
  let result: FieldNode | undefined;
  for (const element in set) {
    if (element === ".") continue;
    const below = set[element]!;
    if (isEmpty(below)) continue;
    const { shape: inner, declared } = childOf(shape, element);
    let named = withNamedFields(inner, below);
    if (declared && !("." in named)) named = { ".": LEAF, ...named };
    if (named !== below) (result ??= { ...set })[element] = named;
  }
  return result ?? set;
}

function childOf(
  shape: Shape | undefined,
  element: string,
): { readonly shape: Shape | undefined; readonly declared: boolean } {
  if (element.startsWith("f:") && shape?.map) {
    const field = shape.map.fields.get(element.slice(2));
    return { shape: field?.shape ?? shape.map.values, declared: field !== undefined };
  }
  return { shape: element.startsWith("k:") ? shape?.list?.items : undefined, declared: false };
}

/** Drops null members of built-in structs, which mean the same as absent ones; null members of maps go too. */
export function withoutNulls(shape: Shape, value: unknown): unknown {
  if (shape.map && isJsonObject(value)) {
    const { map } = shape;
    let result: Record<string, unknown> | undefined;
    for (const key in value) {
      const left =
        value[key] === null && map.builtIn
          ? undefined
          : withoutNulls(map.fields.get(key)?.shape ?? map.values ?? DEDUCED, value[key]);
      if (left === value[key]) continue;
      result ??= { ...value };
      if (left === undefined) delete result[key];
      else result[key] = left;
    }
    return result ?? value;
  }
  if (shape.list && Array.isArray(value)) {
    const items = value.map((item) => withoutNulls(shape.list!.items, item));
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  return value;
}

/**
 * Null where all that was in a map has been removed, but `stated` has it: then it is there, and empty. (Upstream writes null,
 * which custom resources are refused for.)
 */
export function withEmptied(value: unknown, stated: unknown): unknown {
  if (!isJsonObject(stated)) return value;
  if (value === null) return {};
  if (!isJsonObject(value)) return value;
  let result: Record<string, unknown> | undefined;
  for (const key in stated) {
    const left = withEmptied(value[key], stated[key]);
    if (left !== value[key]) (result ??= { ...value })[key] = left;
  }
  return result ?? value;
}
