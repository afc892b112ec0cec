/**
 * Field management of ordinary writes: whoever changes a field owns it from then on, everybody else loses it. Runs on
 * every create, update and patch, so an object that did not change costs one comparison and nothing else.
 */

import type { Schema } from "@knarr/schema/schema.ts";
import type { ApiObject, ManagedFieldsEntry } from "../object.ts";
import { compareObjects, type Comparison } from "./compare.ts";
import { equalJson } from "./copy.ts";
import type { FieldFilter } from "./field-filter.ts";
import { difference, isEmpty, union } from "./field-set.ts";
import {
  capManagers,
  decodeManagers,
  encodeManagers,
  isReset,
  isSameManager,
  type Manager,
} from "./managers.ts";
import { rootShapeOf, ShapeError } from "./shape.ts";

export interface UpdateTracking {
  /** The object as it is stored, in the version of the request; undefined on create. */
  readonly live: ApiObject | undefined;
  /** What is going to be stored, in the version of the request. Its `metadata.managedFields` is set; nothing else changes. */
  readonly object: ApiObject;
  /** `fieldManager`, or what the server made of User-Agent; empty means "unknown". */
  readonly manager: string;
  readonly subresource: string;
  /** Version of the request, e.g. `apps/v1`. */
  readonly apiVersion: string;
  /** Now, RFC 3339 with seconds. */
  readonly time: string;
  readonly schema: Schema;
  /** What nobody can own at this endpoint; see `filterOf`. */
  readonly filter?: FieldFilter | undefined;
  /** The two states in another version, for entries made in it; undefined when that version is gone. Default: all versions look the same. */
  readonly inVersion?: (apiVersion: string) => VersionedStates | undefined;
}

export interface VersionedStates {
  readonly live: ApiObject | undefined;
  readonly object: ApiObject;
  readonly schema: Schema;
}

/** Sets `object.metadata.managedFields` to what it must be after this write. */
export function trackUpdate(tracking: UpdateTracking): void {
  const { live, object } = tracking;
  const before = startingPoint(tracking);
  let after: readonly Manager[] | undefined;
  try {
    after = before.length === 0 && live?.metadata.uid ? [] : managersAfter(tracking, before);
  } catch (err) {
    if (!(err instanceof ShapeError)) throw err;
    after = []; // upstream forgets all rather than refuse the write
  }
  const entries = live?.metadata.managedFields;
  if (after.length === 0) delete object.metadata.managedFields;
  else if (after === before && entries && before === decodedOf(entries))
    object.metadata.managedFields = entries;
  else object.metadata.managedFields = encodeManagers(after);
}

/**
 * Takes over `live`'s managedFields when `object` differs from it in nothing but their times, so that a write that
 * changes nothing is none. For PUT and patches, after admission.
 */
export function keepTimes(live: ApiObject, object: ApiObject): void {
  const before = live.metadata.managedFields;
  const after = object.metadata.managedFields;
  if (!before || !after || before === after || before.length !== after.length) return;
  const same = after.every(({ time: _, ...entry }, index) => {
    const { time: __, ...old } = before[index]!;
    return equalJson(entry, old);
  });
  if (!same) return;
  const strip = (metadata: ApiObject["metadata"]): object => ({ ...metadata, managedFields: undefined });
  if (
    equalJson({ ...object, metadata: undefined }, { ...live, metadata: undefined }) &&
    equalJson(strip(object.metadata), strip(live.metadata))
  ) {
    object.metadata.managedFields = before;
  }
}

/** Decoded lists by the list they came from: stored objects are frozen, and most are written again and again. */
const decoded = new WeakMap<readonly ManagedFieldsEntry[], readonly Manager[]>();

export function decodedOf(entries: readonly ManagedFieldsEntry[]): readonly Manager[] {
  if (!Object.isFrozen(entries)) return decodeManagers(entries);
  let managers = decoded.get(entries);
  if (!managers) decoded.set(entries, (managers = decodeManagers(entries)));
  return managers;
}

/**
 * The entries to start from: those in the request, which lets clients change them, unless there are none or they are
 * broken. A subresource request has no say.
 */
function startingPoint({ live, object, subresource }: UpdateTracking): readonly Manager[] {
  const stored = (): readonly Manager[] => quietly(live?.metadata.managedFields) ?? [];
  const given = object.metadata.managedFields;
  if (subresource !== "" || !given || given === live?.metadata.managedFields) return stored();
  if (isReset(given)) return [];
  if (equalJson(given, live?.metadata.managedFields)) return stored();
  const managers = quietly(given);
  return managers && managers.length > 0 ? managers : stored();
}

/** undefined for entries that cannot be read: they are then forgotten. */
function quietly(entries: readonly ManagedFieldsEntry[] | undefined): readonly Manager[] | undefined {
  try {
    return entries && decodedOf(entries);
  } catch (err) {
    if (err instanceof SyntaxError) return undefined;
    throw err;
  }
}

/** `before` itself when the write changes nothing. */
export function managersAfter(tracking: UpdateTracking, before: readonly Manager[]): readonly Manager[] {
  const { apiVersion, manager, subresource, time } = tracking;
  const comparisons = new Comparisons(tracking);
  const own = comparisons.in(apiVersion)!;
  const self: Manager = {
    manager: manager || "unknown",
    operation: "Update",
    apiVersion,
    subresource,
    time,
    fields: own.changed,
  };
  let same = isEmpty(own.changed);
  const after: Manager[] = [];
  let found = false;
  for (const entry of before) {
    const comparison = comparisons.in(entry.apiVersion);
    if (!comparison) {
      same = false;
      continue; // made in a version that is gone
    }
    const mine = isSameManager(entry, self);
    if (mine && !isEmpty(own.changed)) {
      found = true;
      after.push({ ...self, fields: union(difference(entry.fields, comparison.removed), own.changed) });
      continue;
    }
    const fields = difference(difference(entry.fields, comparison.changed), comparison.removed);
    if (fields === entry.fields) {
      after.push(entry);
      continue;
    }
    same = false;
    if (!isEmpty(fields)) after.push({ ...entry, fields });
  }
  if (same) return capManagers(before);
  if (!found && !isEmpty(own.changed)) after.push(self);
  return capManagers(after);
}

/** Comparisons of the two states, one for each version in which somebody owns something. */
export class Comparisons {
  readonly #tracking: UpdateTracking;
  readonly #known = new Map<string, Comparison | undefined>();

  constructor(tracking: UpdateTracking) {
    this.#tracking = tracking;
    this.#known.set(tracking.apiVersion, this.#compare(tracking));
  }

  /** undefined for a version that is gone. */
  in(apiVersion: string): Comparison | undefined {
    if (this.#known.has(apiVersion)) return this.#known.get(apiVersion);
    const { inVersion, apiVersion: own } = this.#tracking;
    const states = inVersion?.(apiVersion);
    const comparison = !inVersion ? this.#known.get(own) : states && this.#compare(states);
    this.#known.set(apiVersion, comparison);
    return comparison;
  }

  #compare({ live, object, schema }: VersionedStates): Comparison {
    const { changed, removed } = compareObjects(rootShapeOf(schema), live as never, object as never);
    const { filter } = this.#tracking;
    return filter ? { changed: filter(changed), removed: filter(removed) } : { changed, removed };
  }
}
