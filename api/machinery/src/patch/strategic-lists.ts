/**
 * The lists of strategic merge patches: merging by key or by value, and the order of the result. What the patch names
 * comes in the patch's order; what only the server has is woven in where it stood:
 *
 *     live a b c d, patch d a   →   d a b c
 */

import type { Schema } from "@knarr/schema/schema.ts";
import { isJsonObject, type JsonObject } from "../object.ts";
import { ApiError, plain500 } from "../status.ts";
import { goType, goValue } from "./go-print.ts";
import { badArgument, DIRECTIVE, mergeMap } from "./strategic-merge.ts";

/** `current` with `patch` merged in. `mergeKey` is empty for lists of primitives. */
export function mergeItems(
  current: unknown[],
  patch: unknown[],
  mergeKey: string,
  items: Schema | undefined,
): unknown[] {
  if (current.length === 0 && patch.length === 0) return current;
  const lists = [current, patch];
  if (!areMaps(lists)) {
    const merged = [...new Set([...current, ...patch])];
    return inOrderOf(merged, patch, current, { mergeKey, kinds: lists });
  }
  if (!mergeKey) throw plain500(`cannot merge lists without merge key for ${items ? "struct" : "interface"}`);
  const { live, given } = obeyItemDirectives(current as JsonObject[], patch as JsonObject[], mergeKey);
  const merged = [...live];
  for (const item of given) {
    if (!(mergeKey in item)) throw noMergeKey(item, mergeKey);
    const index = merged.findIndex((other) => mergeKey in other && other[mergeKey] === item[mergeKey]);
    if (index < 0) merged.push(item);
    else merged[index] = mergeMap(merged[index]!, item, items);
  }
  return inOrderOf(merged, given, live, { mergeKey, kinds: lists });
}

export function deleteValues(current: readonly unknown[], values: readonly unknown[]): unknown[] {
  const gone = new Set(values);
  return current.filter((value) => !gone.has(value));
}

/** Items with `$patch` are obeyed and left out; `replace` in any of them makes the others the whole list. */
function obeyItemDirectives(
  current: JsonObject[],
  patch: JsonObject[],
  mergeKey: string,
): { readonly live: JsonObject[]; readonly given: JsonObject[] } {
  let live = current;
  let replaced = false;
  const given: JsonObject[] = [];
  for (const item of patch) {
    const directive = item[DIRECTIVE];
    if (directive === undefined) given.push(item);
    else if (directive === "delete") {
      if (!(mergeKey in item)) throw noMergeKey(item, mergeKey);
      live = live.filter((other) => !(mergeKey in other) || other[mergeKey] !== item[mergeKey]);
    } else if (directive === "replace") replaced = true;
    else if (directive === "merge") throw plain500("merging lists cannot yet be specified in the patch");
    else throw plain500(`unknown patch type: ${goValue(directive)} in map: ${goValue(item)}`);
  }
  return replaced ? { live: given, given: [] } : { live, given };
}

export interface ListKind {
  readonly mergeKey: string;
  /** The lists the items come from, which say of what type they are. */
  readonly kinds: readonly (readonly unknown[])[];
}

/** `merged` with what `order` names in that order, and the rest woven in as it stood in `serverOrder`. */
export function inOrderOf(
  merged: readonly unknown[],
  order: readonly unknown[],
  serverOrder: readonly unknown[],
  { mergeKey, kinds }: ListKind,
): unknown[] {
  const maps = areMaps(kinds);
  const keyOf = (item: unknown): unknown => (maps ? (isJsonObject(item) ? item[mergeKey] : undefined) : item);
  if (mergeKey) for (const item of merged) requireKey(item, mergeKey);
  if (maps) for (const item of [...order, ...serverOrder]) requireKey(item, mergeKey);
  const named = new Set(order.map((item) => (mergeKey && isJsonObject(item) ? item[mergeKey] : item)));
  const isNamed = (item: unknown): boolean =>
    named.has(mergeKey && isJsonObject(item) ? item[mergeKey] : item);
  const fromPatch = sortedBy(merged.filter(isNamed), order, keyOf);
  const fromServer = sortedBy(
    merged.filter((item) => !isNamed(item)),
    serverOrder,
    keyOf,
  );
  return weave(fromServer, fromPatch, serverOrder.map(keyOf), keyOf);
}

function weave(
  left: readonly unknown[],
  right: readonly unknown[],
  order: readonly unknown[],
  keyOf: (item: unknown) => unknown,
): unknown[] {
  const result: unknown[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    if (i < left.length && j < right.length) {
      const place = order.indexOf(keyOf(left[i]));
      const other = order.indexOf(keyOf(right[j]));
      result.push(place >= 0 && other >= 0 && place < other ? left[i++] : right[j++]);
    } else {
      result.push(i < left.length ? left[i++] : right[j++]);
    }
  }
  return result;
}

/** Stable, by insertion: what `order` does not have moves to the front, as upstream's comparison has it. */
function sortedBy(
  items: readonly unknown[],
  order: readonly unknown[],
  keyOf: (item: unknown) => unknown,
): unknown[] {
  const keys = order.map(keyOf);
  const isBefore = (a: unknown, b: unknown): boolean => {
    const place = keys.indexOf(keyOf(a));
    const other = keys.indexOf(keyOf(b));
    return place < 0 || other < 0 || place < other;
  };
  const sorted: unknown[] = [];
  for (const item of items) {
    let at = sorted.length;
    while (at > 0 && isBefore(item, sorted[at - 1])) at--;
    sorted.splice(at, 0, item);
  }
  return sorted;
}

/** What the patch lists must be in the order it asks for, and in that order. */
export function validateOrder(
  patch: readonly unknown[] | undefined,
  order: readonly unknown[],
  mergeKey: string,
): void {
  if (!patch?.length || order.length === 0) return;
  let at = 0;
  for (const item of patch) {
    if (mergeKey && !isJsonObject(item)) throw badArgument("map[string]interface {}", item);
    if (isJsonObject(item) && DIRECTIVE in item) continue;
    while (at < order.length && !isSame(item, order[at], mergeKey)) at++;
    if (at === order.length) {
      throw plain500(
        `The order in patch list:\n${goValue(patch)}\n doesn't match $setElementOrder list:\n${goValue(order)}\n`,
      );
    }
    at++;
  }
}

function isSame(a: unknown, b: unknown, mergeKey: string): boolean {
  if (!mergeKey) return a === b;
  return requireKey(a, mergeKey) === requireKey(b, mergeKey);
}

function requireKey(item: unknown, mergeKey: string): unknown {
  if (!isJsonObject(item)) throw badArgument("map[string]interface {}", item);
  if (!(mergeKey in item)) throw noMergeKey(item, mergeKey);
  return item[mergeKey];
}

function noMergeKey(item: JsonObject, mergeKey: string): ApiError {
  return plain500(`map: ${goValue(item)} does not contain declared merge key: ${mergeKey}`);
}

/** Whether the items are objects. All must be of one type, and none a list. */
function areMaps(lists: readonly (readonly unknown[])[]): boolean {
  let type: string | undefined;
  for (const item of lists.flat(1)) {
    const current = goType(item);
    if (current.startsWith("[]")) {
      throw new ApiError("Invalid", "the server rejected our request due to an error in our request", {});
    }
    type ??= current;
    if (type !== current) throw plain500(`list element types are not identical: ${goValue(lists)}`);
  }
  if (type === undefined) throw plain500("no elements in any of the given slices");
  return type.startsWith("map");
}
