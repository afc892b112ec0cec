/**
 * `metadata.managedFields` as field management works with it: one entry per manager, operation, subresource and, for
 * updates, version.
 */

import type { ManagedFieldsEntry } from "../object.ts";
import { quote } from "../quote.ts";
import { canonicalElement } from "./field-element.ts";
import { inOrder, isEmpty, LEAF, union, type FieldNode, type FieldSet } from "./field-set.ts";

export interface Manager {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339, seconds. */
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** Whether two entries are the same manager's: an applier is one whatever version it applies in. */
export function isSameManager(a: Manager, b: Manager): boolean {
  return (
    a.manager === b.manager &&
    a.operation === b.operation &&
    a.subresource === b.subresource &&
    (a.operation === "Apply" || a.apiVersion === b.apiVersion)
  );
}

/** Reads entries from outside. Throws SyntaxError, in upstream's words, for what is no entry. */
export function decodeManagers(entries: readonly ManagedFieldsEntry[] | undefined): Manager[] {
  const managers: Manager[] = [];
  for (const [index, entry] of (entries ?? []).entries()) {
    const manager = decodeManager(entry, index);
    const same = managers.findIndex((other) => isSameManager(other, manager));
    if (same < 0) managers.push(manager);
    else managers[same] = manager;
  }
  return managers;
}

function decodeManager(entry: ManagedFieldsEntry, index: number): Manager {
  const { operation, apiVersion, fieldsType } = entry;
  if (operation !== "Apply" && operation !== "Update") {
    throw new SyntaxError("operation must be `Apply` or `Update`");
  }
  if (!apiVersion) throw new SyntaxError("apiVersion must not be empty");
  if (!fieldsType) throw new SyntaxError(`missing fieldsType in managed fields entry ${index}`);
  if (fieldsType !== "FieldsV1") {
    throw new SyntaxError(`invalid fieldsType ${quote(fieldsType)} in managed fields entry ${index}`);
  }
  return {
    manager: entry.manager ?? "",
    operation,
    apiVersion,
    subresource: entry.subresource ?? "",
    time: entry.time,
    fields: entry.fieldsV1 ? decodeFields(entry.fieldsV1) : LEAF,
  };
}

/** Sets that `decodeFields` has seen or that were made here: stored objects bring them back with every write. */
const canonical = new WeakSet<object>();

/** A set as a client wrote it, with every element in its one spelling. */
export function decodeFields(fields: { readonly [key: string]: unknown }): FieldSet {
  if (canonical.has(fields)) return fields as FieldSet;
  const set = decodeNode(fields) ?? LEAF;
  canonical.add(set);
  return set;
}

/** The node itself when all is in order, which is nearly always. */
function decodeNode(node: unknown): FieldSet | undefined {
  if (typeof node !== "object" || node === null || Array.isArray(node)) {
    throw new SyntaxError(`Cannot read ${JSON.stringify(node)}: want a set of fields, as an object`);
  }
  let result: FieldNode | undefined;
  for (const [element, below] of Object.entries(node as { readonly [element: string]: unknown })) {
    if (element === ".") continue;
    const spelling = canonicalElement(element);
    const read = spelling === undefined ? undefined : decodeNode(below);
    if (spelling === element && read === below) continue;
    result ??= { ...(node as FieldSet) };
    delete result[element];
    if (spelling !== undefined && read)
      result[spelling] = result[spelling] ? union(result[spelling], read) : read;
  }
  return result ?? (node as FieldSet);
}

/** Entries as they are stored, in upstream's order: appliers first, then by time and name. */
export function encodeManagers(managers: readonly Manager[]): ManagedFieldsEntry[] {
  return managers.toSorted(byPlace).map(encodeManager);
}

function encodeManager({
  manager,
  operation,
  apiVersion,
  subresource,
  time,
  fields,
}: Manager): ManagedFieldsEntry {
  const fieldsV1 = canonical.has(fields) ? fields : inOrder(fields);
  canonical.add(fieldsV1);
  return {
    ...(manager && { manager }),
    operation,
    apiVersion,
    ...(time !== undefined && { time }),
    fieldsType: "FieldsV1",
    fieldsV1: fieldsV1 as { [key: string]: unknown },
    ...(subresource && { subresource }),
  };
}

function byPlace(a: Manager, b: Manager): number {
  return (
    compare(a.operation, b.operation) ||
    secondsOf(a) - secondsOf(b) ||
    compare(a.manager, b.manager) ||
    compare(a.apiVersion, b.apiVersion) ||
    compare(a.subresource, b.subresource)
  );
}

function secondsOf({ time }: Manager): number {
  return time === undefined ? 0 : Math.floor(Date.parse(time) / 1000);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** More managers of updates than this are joined, oldest first. */
const MAX_UPDATE_MANAGERS = 10;
const JOINED_MANAGER = "ancient-changes";

/** Joins the oldest updates, one bucket per version, until no more than ten are left. */
export function capManagers(managers: readonly Manager[]): readonly Manager[] {
  const updates = managers.filter(({ operation }) => operation === "Update");
  if (updates.length <= MAX_UPDATE_MANAGERS) return managers;
  const oldestFirst = updates.toSorted(
    (a, b) => secondsOf(a) - secondsOf(b) || compare(identityOf(a), identityOf(b)),
  );
  const kept = new Set(managers);
  const firstOf = new Map<string, Manager>();
  let count = updates.length;
  for (const manager of oldestFirst) {
    if (count <= MAX_UPDATE_MANAGERS) break;
    const { apiVersion } = manager;
    const first = firstOf.get(apiVersion);
    if (!first) {
      firstOf.set(apiVersion, manager);
      continue;
    }
    const bucket = [...kept].find(
      (other) =>
        other !== manager &&
        other.manager === JOINED_MANAGER &&
        other.apiVersion === apiVersion &&
        !other.subresource,
    );
    kept.delete(bucket ?? first);
    kept.delete(manager);
    const joined: Manager = {
      ...first,
      manager: JOINED_MANAGER,
      subresource: "",
      time: manager.time,
      fields: union(manager.fields, (bucket ?? first).fields),
    };
    kept.add(joined);
    count--;
  }
  return [...kept];
}

/** The text by which upstream sorts managers that are equally old. */
function identityOf({ manager, operation, apiVersion, subresource }: Manager): string {
  return JSON.stringify({ manager, operation, apiVersion, ...(subresource && { subresource }) });
}

/** Whether a client asks for everything to be forgotten: an empty list, or a list of one empty entry. */
export function isReset(entries: readonly ManagedFieldsEntry[] | undefined): boolean {
  if (!entries) return false;
  return entries.length === 0 || (entries.length === 1 && isEmpty(entries[0] as unknown as FieldSet));
}
