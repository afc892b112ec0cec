/**
 * JSON Patch (RFC 6902), with the answers kube-apiserver gives: those of the library it uses, where that differs from
 * the RFC. `replace` of a member that is not there adds it, negative indices count from the end, and numbers are
 * compared as they are written.
 *
 * Nothing given is changed, and the result shares nothing with the document that could be frozen. Six operations with their own
 * words for each failure are what makes the file long.
 */

import { MAX_DEPTH } from "../decode/json.ts";
import { copyJson, equalJson } from "./copy.ts";
import type { JsonObject } from "../object.ts";
import { ApiError, badRequest } from "../status.ts";
import { jsonType } from "./go-print.ts";

const MAX_OPERATIONS = 10_000;
/** What copies may add to a document: a few that copy each other's results would fill any memory. */
const MAX_COPIED_BYTES = 3 * 1024 * 1024;

export interface JsonPatchOperation {
  readonly op?: string;
  readonly path?: string;
  readonly from?: string;
  readonly value?: unknown;
}

/**
 * The document after all of `patch`'s operations. Throws ApiError: BadRequest for what is no patch, Invalid (as the
 * generic server answer 422) for an operation that does not apply.
 */
export function applyJsonPatch(document: JsonObject, patch: unknown): JsonObject {
  const operations = jsonPatchOf(patch);
  const root: Root = { document: copyJson(document), copied: 0 };
  for (const operation of operations) {
    try {
      step(root, operation);
    } catch (err) {
      if (!(err instanceof PatchFailure)) throw err;
      throw unprocessable(err);
    }
  }
  return root.document as JsonObject;
}

/** What the wire calls a JSON patch, checked. */
function jsonPatchOf(patch: unknown): readonly JsonPatchOperation[] {
  if (patch === null) return [];
  if (!Array.isArray(patch)) {
    throw badRequest(`json: cannot unmarshal ${jsonType(patch)} into Go value of type jsonpatch.Patch`);
  }
  for (const operation of patch as unknown[]) {
    if (operation !== null && (typeof operation !== "object" || Array.isArray(operation))) {
      throw badRequest(
        `json: cannot unmarshal ${jsonType(operation)} into Go value of type jsonpatch.Operation`,
      );
    }
  }
  if (patch.length > MAX_OPERATIONS) {
    throw new ApiError(
      "RequestEntityTooLarge",
      `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`,
    );
  }
  return patch.map((operation) => operation ?? {}) as JsonPatchOperation[];
}

/** Upstream answers a patch that does not apply with its generic error for 422, and keeps the reason to itself. */
function unprocessable(err: Error): ApiError {
  return new ApiError(
    "Invalid",
    "the server rejected our request due to an error in our request",
    {},
    { cause: err },
  );
}

class PatchFailure extends Error {}

interface Root {
  document: unknown;
  /** Bytes that copies have added. */
  copied: number;
}

type Container = Record<string, unknown> | unknown[];

function step(root: Root, operation: JsonPatchOperation): void {
  const op = typeof operation.op === "string" ? operation.op : "unknown";
  switch (op) {
    case "add":
      return add(root, operation);
    case "remove":
      return remove(root, operation);
    case "replace":
      return replace(root, operation);
    case "move":
      return move(root, operation);
    case "copy":
      return copy(root, operation);
    case "test":
      return check(root, operation);
    default:
      throw new PatchFailure(`Unexpected kind: ${op}`);
  }
}

function add(root: Root, operation: JsonPatchOperation): void {
  const path = operation.path;
  if (typeof path !== "string") throw new PatchFailure("add operation failed to decode path: missing value");
  const place = find(root, path);
  if (!place) {
    throw new PatchFailure(`add operation does not apply: doc is missing path: "${path}": missing value`);
  }
  wrap(`error in add for path: '${path}'`, () => insert(place, copyJson(notTooDeep(path, operation.value))));
}

function remove(root: Root, operation: JsonPatchOperation): void {
  const path = operation.path;
  if (typeof path !== "string")
    throw new PatchFailure("remove operation failed to decode path: missing value");
  const place = find(root, path);
  if (!place) {
    throw new PatchFailure(`remove operation does not apply: doc is missing path: "${path}": missing value`);
  }
  wrap(`error in remove for path: '${path}'`, () => take(place));
}

function replace(root: Root, operation: JsonPatchOperation): void {
  const path = pathOf(operation, "replace");
  if (path === "") {
    const value = operation.value;
    if (typeof value !== "object" || value === null) {
      throw new PatchFailure("replace operation value must be object or array: %!w(<nil>)");
    }
    root.document = copyJson(value);
    return;
  }
  const place = find(root, path);
  if (!place) {
    throw new PatchFailure(`replace operation does not apply: doc is missing path: ${path}: missing value`);
  }
  const { container, key } = place;
  notTooDeep(path, operation.value);
  if (!Array.isArray(container)) {
    container[key] = copyJson(operation.value);
    return;
  }
  const index = existingIndex(container, key);
  if (typeof index === "string") {
    throw new PatchFailure(`replace operation does not apply: doc is missing key: ${path}: missing value`);
  }
  container[index] = copyJson(operation.value);
}

function move(root: Root, operation: JsonPatchOperation): void {
  const from = fromOf(operation, "move");
  const source = find(root, from);
  if (!source) {
    throw new PatchFailure(`move operation does not apply: doc is missing from path: ${from}: missing value`);
  }
  const value = wrap(`error in move for path: '${source.key}'`, () => {
    const current = get(source);
    take(source);
    return current;
  });
  const path = pathOf(operation, "move");
  const target = find(root, path);
  if (!target) {
    throw new PatchFailure(
      `move operation does not apply: doc is missing destination path: ${path}: missing value`,
    );
  }
  wrap(`error in move for path: '${path}'`, () => insert(target, notTooDeep(path, value)));
}

function copy(root: Root, operation: JsonPatchOperation): void {
  const from = fromOf(operation, "copy");
  const source = find(root, from);
  if (!source) {
    throw new PatchFailure(`copy operation does not apply: doc is missing from path: ${from}: missing value`);
  }
  const value = wrap(`error in copy for from: '${from}'`, () => get(source));
  const path = operation.path;
  if (typeof path !== "string") throw new PatchFailure("copy operation failed to decode path: missing value");
  const target = find(root, path);
  if (!target) {
    throw new PatchFailure(
      `copy operation does not apply: doc is missing destination path: ${path}: missing value`,
    );
  }
  root.copied += value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value)); // what is not there is copied as null
  if (root.copied > MAX_COPIED_BYTES) {
    throw new PatchFailure(
      `Unable to complete the copy, the accumulated size increase of copy operations is ${root.copied}, exceeding the limit ${MAX_COPIED_BYTES}`,
    );
  }
  wrap("error while adding value during copy", () => insert(target, copyJson(notTooDeep(path, value))));
}

/** What comes to lie at `path`: many small patches could make of a document what no body may be. */
function notTooDeep(path: string, value: unknown): unknown {
  if (path.split("/").length + depthOf(value) > MAX_DEPTH) throw new PatchFailure("exceeded max depth");
  return value;
}

/** Without recursion: it is there to say how much of that is borne. */
function depthOf(value: unknown): number {
  let depth = 0;
  for (let level: unknown[] = [value]; (level = level.filter(isHolder)).length > 0; depth++)
    level = level.flatMap((holder) => Object.values(holder as object));
  return depth;
}

function isHolder(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function check(root: Root, operation: JsonPatchOperation): void {
  const path = pathOf(operation, "test");
  const wanted = operation.value ?? null;
  let current: unknown = root.document;
  if (path !== "") {
    const place = find(root, path);
    if (!place) {
      throw new PatchFailure(`test operation does not apply: is missing path: ${path}: missing value`);
    }
    current = wrap(`error in test for path: '${path}'`, () => get(place)) ?? null;
  }
  if (!equalJson(current, wanted)) throw new PatchFailure(`testing value ${path} failed: test failed`);
}

// Places

interface Place {
  readonly container: Container;
  readonly key: string;
}

/** Where the last word of `path` would be; undefined when something before it is not there. */
function find(root: Root, path: string): Place | undefined {
  const words = path.split("/");
  if (words.length < 2) return undefined;
  let container = root.document as Container;
  for (const word of words.slice(1, -1)) {
    const key = unescape(word);
    let next: unknown;
    if (Array.isArray(container)) {
      const index = existingIndex(container, key);
      next = typeof index === "number" ? container[index] : undefined;
    } else {
      next = Object.hasOwn(container, key) ? container[key] : undefined;
    }
    if (typeof next !== "object" || next === null) return undefined;
    container = next as Container;
  }
  return { container, key: unescape(words.at(-1)!) };
}

function unescape(word: string): string {
  return word.includes("~") ? word.replace(/~[01]/g, (code) => (code === "~1" ? "/" : "~")) : word;
}

function get({ container, key }: Place): unknown {
  if (!Array.isArray(container)) return Object.hasOwn(container, key) ? container[key] : undefined;
  const index = existingIndex(container, key);
  if (typeof index === "string") throw new PatchFailure(index);
  return container[index];
}

function insert({ container, key }: Place, value: unknown): void {
  const given = value === undefined ? null : value; // `add` without a value adds null
  if (!Array.isArray(container)) {
    container[key] = given;
  } else if (key === "-") {
    container.push(given);
  } else {
    const number = parseIndex(key);
    if (typeof number === "string") {
      throw new PatchFailure(`value was not a proper array index: '${key}': ${number}`);
    }
    const size = container.length + 1; // one more than there is: adding at the end is fine
    if (number >= size || number < -size) throw new PatchFailure(outOfRange(number));
    container.splice(number < 0 ? number + size : number, 0, given);
  }
}

function take({ container, key }: Place): void {
  if (!Array.isArray(container)) {
    if (!Object.hasOwn(container, key)) {
      throw new PatchFailure(`Unable to remove nonexistent key: ${key}: missing value`);
    }
    delete container[key];
    return;
  }
  const index = existingIndex(container, key);
  if (typeof index === "string") throw new PatchFailure(index);
  container.splice(index, 1);
}

/** The index that `key` names, or why there is none. */
function existingIndex(list: readonly unknown[], key: string): number | string {
  const number = parseIndex(key);
  if (typeof number === "string") return number;
  if (number >= list.length || number < -list.length) return outOfRange(number);
  return number < 0 ? number + list.length : number;
}

function parseIndex(key: string): number | string {
  return /^[+-]?[0-9]+$/.test(key)
    ? Number(key)
    : `strconv.Atoi: parsing ${JSON.stringify(key)}: invalid syntax`;
}

function outOfRange(index: number): string {
  return `Unable to access invalid index: ${index}: invalid index referenced`;
}

function pathOf(operation: JsonPatchOperation, name: string): string {
  if (typeof operation.path === "string") return operation.path;
  throw new PatchFailure(
    `${name} operation failed to decode path: operation missing path field: missing value`,
  );
}

function fromOf(operation: JsonPatchOperation, name: string): string {
  if (typeof operation.from === "string") return operation.from;
  throw new PatchFailure(
    `${name} operation failed to decode from: operation, missing from field: missing value`,
  );
}

function wrap<T>(what: string, action: () => T): T {
  try {
    return action();
  } catch (err) {
    if (err instanceof PatchFailure) throw new PatchFailure(`${what}: ${err.message}`);
    throw err;
  }
}
