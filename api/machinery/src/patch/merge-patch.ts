/**
 * JSON Merge Patch (RFC 7386): members of the patch replace those of the document, objects are merged, null removes.
 *
 *     applyMergePatch({ a: 1, b: { c: 2, d: 3 } }, { a: null, b: { c: 4 } }) // { b: { c: 4, d: 3 } }
 */

import { copyJson } from "./copy.ts";
import { isJsonObject, type JsonObject } from "../object.ts";
import { badRequest } from "../status.ts";

/** The document with `patch` merged in; changes nothing given, shares nothing with it. Throws ApiError BadRequest for a patch that is no object. */
export function applyMergePatch(document: JsonObject, patch: unknown): JsonObject {
  if (!isJsonObject(patch)) {
    const type = Array.isArray(patch) ? "array" : typeof patch === "boolean" ? "bool" : typeof patch;
    throw badRequest(
      patch === null
        ? "Invalid JSON Patch"
        : `error decoding patch: json: cannot unmarshal ${type} into Go value of type map[string]interface {}`,
    );
  }
  const result = copyJson(document);
  mergeInto(result, patch);
  return result;
}

function mergeInto(target: JsonObject, patch: JsonObject): void {
  for (const key in patch) {
    const value = patch[key];
    if (value === null) {
      delete target[key];
      continue;
    }
    const current = target[key];
    if (isJsonObject(current) && isJsonObject(value)) mergeInto(current, value);
    else target[key] = withoutNulls(value);
  }
}

/** A copy in which no object has null members: they would have removed something, and there is nothing to remove. */
function withoutNulls(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutNulls);
  const copy: JsonObject = {};
  for (const [key, member] of Object.entries(value)) {
    if (member !== null) copy[key] = withoutNulls(member);
  }
  return copy;
}
