/**
 * Defaults of a schema, filled in. A null that is not allowed counts as absent; members of defaults are defaulted in
 * turn, so `default: {}` on an object brings those of its fields.
 */

import type { JsonObject } from "@knarr/machinery/object.ts";
import { copyJson } from "@knarr/machinery/patch/copy.ts";
import { HAS_DEFAULTS } from "./facts.ts";
import type { Structural } from "./structural.ts";

/** In place. Touches nothing where the schema has no defaults. */
export function applyDefaults(value: unknown, structural: Structural | undefined): void {
  if (typeof value !== "object" || value === null || !structural?.says(HAS_DEFAULTS)) return;
  if (Array.isArray(value)) defaultItems(value, structural.items);
  else defaultMembers(value as JsonObject, structural);
}

function defaultMembers(object: JsonObject, structural: Structural): void {
  for (const [name, field] of structural.properties) {
    if (field.default == null) continue;
    const value = Object.hasOwn(object, name) ? object[name] : undefined;
    if (value === undefined || (value === null && !field.isNullable))
      set(object, name, copyJson(field.default));
  }
  for (const name in object) {
    const field = structural.properties.get(name);
    const known = field ?? structural.additional;
    if (!field && known && object[name] === null && !known.isNullable)
      object[name] = copyJson(known.default ?? null);
    applyDefaults(object[name], known);
  }
}

function defaultItems(items: unknown[], structural: Structural | undefined): void {
  if (!structural) return;
  for (const [index, item] of items.entries()) {
    if (item === null && !structural.isNullable) items[index] = copyJson(structural.default ?? null);
    applyDefaults(items[index], structural);
  }
}

/** A field may have any name, `__proto__` too. */
function set(object: JsonObject, name: string, value: unknown): void {
  if (name === "__proto__")
    Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
  else object[name] = value;
}
