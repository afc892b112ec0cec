/**
 * Strategic merge patch: a merge patch that knows how each list merges. Lists with a merge key are merged item by item,
 * lists of primitives that merge are joined; other lists are replaced. Directives in the patch say more:
 *
 *     $patch: replace | delete | merge      this object, or the list it stands in
 *     $retainKeys: [a, b]                   all other members go
 *     $deleteFromPrimitiveList/finalizers   these values go
 *     $setElementOrder/containers           the order of the result
 *
 * Nothing given is changed. Failures are upstream's: BadRequest for a malformed directive, 422 for lists of lists, and
 * otherwise the bare text with 500.
 */

import type { Schema } from "@knarr/schema/schema.ts";
import { isJsonObject, type JsonObject } from "../object.ts";
import { ApiError, badRequest, plain500 } from "../status.ts";
import { quote } from "../quote.ts";
import { copyJson } from "./copy.ts";
import { goType, goValue } from "./go-print.ts";
import { deleteValues, inOrderOf, mergeItems, validateOrder } from "./strategic-lists.ts";

export const DIRECTIVE = "$patch";
const RETAIN_KEYS = "$retainKeys";
const DELETE_FROM = "$deleteFromPrimitiveList";
const SET_ORDER = "$setElementOrder";

/** The document with `patch` merged in. `schema` is that of the document; custom resources have no such patches. */
export function applyStrategicMergePatch(document: JsonObject, patch: unknown, schema: Schema): JsonObject {
  if (patch === null) return copyJson(document); // as an empty one
  if (!isJsonObject(patch)) {
    const type = Array.isArray(patch) ? "array" : typeof patch === "number" ? "number" : goType(patch);
    throw badRequest(`json: cannot unmarshal ${type} into Go value of type map[string]interface {}`);
  }
  return mergeMap(copyJson(document), copyJson(patch), schema);
}

export function badArgument(wanted: "[]interface {}" | "map[string]interface {}", given: unknown): ApiError {
  return plain500(`expected a ${wanted}, but received a ${given === null ? "%!s(<nil>)" : goType(given)}`);
}

/** Merges `patch` into `original`; both are used up. */
export function mergeMap(original: JsonObject, patch: JsonObject, schema: Schema | undefined): JsonObject {
  if (DIRECTIVE in patch) return obeyDirective(patch);
  retainKeys(original, patch);
  orderLists(original, patch, schema);
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    if (key.startsWith(DELETE_FROM)) deleteFrom(original, key, value, schema);
    else if (value === null) delete original[key];
    else setMember(original, key, value, schema);
  }
  return original;
}

function obeyDirective(patch: JsonObject): JsonObject {
  const { [DIRECTIVE]: directive, ...rest } = patch;
  if (directive === "replace") return rest;
  if (directive === "delete") return {};
  throw plain500(`unknown patch type: ${goValue(directive)} in map: ${goValue(patch)}`);
}

function setMember(original: JsonObject, key: string, value: unknown, schema: Schema | undefined): void {
  const current = original[key];
  if (isJsonObject(current) && isJsonObject(value)) {
    const field = fieldOf(schema, key);
    original[key] = strategyOf(field) === "replace" ? value : mergeMap(current, value, field);
  } else if (Array.isArray(current) && Array.isArray(value)) {
    original[key] = mergeLists(current, value, listOf(schema, key));
  } else {
    const kept = withoutDirectives(withoutNulls(value));
    if (kept === undefined) delete original[key];
    else original[key] = kept;
  }
}

function mergeLists(current: unknown[], patch: unknown[], field: Schema): unknown[] {
  if (strategyOf(field) !== "merge") return patch;
  return mergeItems(current, patch, field.patchMergeKey ?? "", field.items);
}

function deleteFrom(original: JsonObject, key: string, value: unknown, schema: Schema | undefined): void {
  const name = listNameIn(key, DELETE_FROM, "invalid patch format of primitive list");
  if (value === null) {
    delete original[name];
    return;
  }
  const current = original[name];
  if (!Array.isArray(current) || !Array.isArray(value)) return; // nothing to delete from
  const field = listOf(schema, name);
  if (current.length === 0 && value.length === 0) return;
  const items = current.some(isJsonObject) || value.some(isJsonObject);
  original[name] = items
    ? mergeItems(current, value, field.patchMergeKey ?? "", field.items)
    : deleteValues(current, value);
}

/** Clears what `$retainKeys` does not name. */
function retainKeys(original: JsonObject, patch: JsonObject): void {
  if (!(RETAIN_KEYS in patch)) return;
  const list = patch[RETAIN_KEYS];
  delete patch[RETAIN_KEYS];
  if (!Array.isArray(list)) throw badRequest("invalid patch format of retainKeys");
  const retained = new Set<unknown>(list);
  for (const key in patch) {
    if (patch[key] === null || key.startsWith(DELETE_FROM) || key.startsWith(SET_ORDER)) continue;
    if (!retained.has(key)) throw badRequest("invalid patch format of retainKeys");
  }
  for (const key of Object.keys(original)) if (!retained.has(key)) delete original[key];
}

/** Merges the lists for which the patch gives an order, and takes them out of the patch. */
function orderLists(original: JsonObject, patch: JsonObject, schema: Schema | undefined): void {
  for (const key of Object.keys(patch)) {
    if (!key.startsWith(SET_ORDER)) continue;
    const order = patch[key];
    delete patch[key];
    if (!Array.isArray(order)) throw badArgument("[]interface {}", order);
    const name = listNameIn(key, SET_ORDER, "invalid patch format of setElementOrder list");
    const current = listAt(original, name);
    const given = listAt(patch, name);
    const field = listOf(schema, name);
    const mergeKey = field.patchMergeKey ?? "";
    validateOrder(given, order, mergeKey);
    if (!current && !given) continue;
    const merged = !given
      ? current!
      : current
        ? mergeLists(current, given, field)
        : (withoutDirectives(given) as unknown[]);
    original[name] = inOrderOf(merged, order, current ?? [], {
      mergeKey,
      kinds: [current ?? [], given ?? []],
    });
    delete patch[name];
  }
}

function listAt(members: JsonObject, name: string): unknown[] | undefined {
  const value = members[name];
  if (!(name in members)) return undefined;
  if (!Array.isArray(value)) throw badArgument("[]interface {}", value);
  return value;
}

function listNameIn(key: string, prefix: string, problem: string): string {
  const slash = key.indexOf("/");
  if (slash < 0 || key.slice(0, slash) !== prefix) throw badRequest(problem);
  return key.slice(slash + 1);
}

// What the schema says

function strategyOf(field: Schema): "merge" | "replace" | "" {
  switch (field.patchStrategy) {
    case "merge":
    case "merge,retainKeys":
      return "merge";
    case "replace":
      return "replace";
    default:
      return "";
  }
}

function fieldOf(schema: Schema | undefined, key: string): Schema {
  if (!schema || schema.values || !schema.properties) {
    throw plain500(`merging an object in json but data type is not struct, instead is: ${kindOf(schema)}`);
  }
  const field = schema.properties.get(key) ?? sameButForCase(schema.properties, key);
  if (field) return field;
  const name = schema.name?.slice(schema.name.lastIndexOf(".") + 1) ?? "";
  throw plain500(`unable to find api field in struct ${name} for the json field ${quote(key)}`);
}

function sameButForCase(properties: ReadonlyMap<string, Schema>, key: string): Schema | undefined {
  const lower = key.toLowerCase();
  for (const [name, field] of properties) if (name.toLowerCase() === lower) return field;
  return undefined;
}

function listOf(schema: Schema | undefined, key: string): Schema {
  const field = fieldOf(schema, key);
  if (field.type !== "array") {
    throw plain500(`expected slice or array type, but got: ${kindOf(schema)}`);
  }
  return field;
}

function kindOf(schema: Schema | undefined): string {
  if (schema?.type === "object") return schema.properties ? "struct" : "map";
  return schema?.type === "array" ? "slice" : (schema?.type ?? "interface");
}

// Values that are taken as they are

function withoutNulls(value: unknown): unknown {
  if (isJsonObject(value)) {
    for (const key of Object.keys(value)) {
      if (value[key] === null) delete value[key];
      else withoutNulls(value[key]);
    }
  } else if (Array.isArray(value)) {
    value.forEach(withoutNulls);
  }
  return value;
}

/** `value` without objects that hold only a directive; undefined when it is such an object itself. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item) => item !== undefined);
  if (!isJsonObject(value)) return value;
  if (DIRECTIVE in value) return undefined;
  for (const key of Object.keys(value)) {
    const kept = withoutDirectives(value[key]);
    if (kept === undefined) delete value[key];
    else value[key] = kept;
  }
  return value;
}
