/** `x-kubernetes-list-type`: items of a set must differ, those of a map must differ in their keys. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import type { JsonObject } from "@knarr/machinery/object.ts";
import { goJson, sortedKeys } from "@knarr/machinery/quote.ts";
import { HAS_UNIQUE_LISTS } from "./facts.ts";
import type { Structural } from "./structural.ts";

export function validateListTypes(value: unknown, structural: Structural, errors: FieldErrors): void {
  if (typeof value !== "object" || value === null || !structural.says(HAS_UNIQUE_LISTS)) return;
  if (Array.isArray(value)) {
    if (structural.listType === "set") validateSet(value, errors);
    if (structural.listType === "map") validateMap(value, structural.mapKeys, errors);
    const { items } = structural;
    if (items) for (const [index, item] of value.entries()) validateListTypes(item, items, errors.at(index));
    return;
  }
  const { additional, properties } = structural;
  for (const [name, member] of Object.entries(value)) {
    const field = properties.get(name);
    if (additional) validateListTypes(member, additional, errors.at([name]));
    if (field) validateListTypes(member, field, errors.at(name));
  }
}

function validateSet(items: readonly unknown[], errors: FieldErrors): void {
  for (const index of repeated(items)) errors.at(index).duplicate(sortedKeys(items[index]));
}

function validateMap(items: readonly unknown[], names: readonly string[], errors: FieldErrors): void {
  for (const [index, item] of items.entries()) {
    if (typeof item === "object" && !Array.isArray(item)) continue;
    return errors.at(index).invalid(sortedKeys(item), "must be an object for an array of list-type map");
  }
  if (items.length < 2) return;
  const [first = ""] = names;
  const alone = names.length === 1;
  const told = (item: JsonObject | null) =>
    alone ? (item?.[first] === undefined ? NO_KEY : item[first]) : keysOf(item, names);
  for (const index of repeated(items.map((item) => told(item as JsonObject | null))))
    errors.at(index).duplicate(keysOf(items[index] as JsonObject | null, names));
}

/** Of an item without its key; no value is the same. */
const NO_KEY = Symbol("no key");

function keysOf(item: JsonObject | null, names: readonly string[]): JsonObject {
  const keys: JsonObject = {};
  for (const name of names.toSorted())
    if (item && Object.hasOwn(item, name)) keys[name] = sortedKeys(item[name]);
  return keys;
}

/** Where each value stands that was there before, once for each value. */
function repeated(values: readonly unknown[]): number[] {
  if (values.length < 2) return [];
  const seen = new Map<unknown, number>();
  const found: number[] = [];
  for (const [index, value] of values.entries()) {
    const identity = typeof value === "object" && value !== null ? `{${goJson(sortedKeys(value))}` : value;
    const times = seen.get(identity) ?? 0;
    if (times === 1) found.push(index);
    seen.set(identity, times + 1);
  }
  return found;
}
