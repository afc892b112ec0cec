/**
 * Field management seen through `/scale`: a Scale shows one field of its parent, so whoever owns the parent's replicas owns
 * the Scale's, and what a write to the Scale changes is carried back.
 *
 *     parent.managedFields → toScale → trackUpdate or apply on the Scale → toParent → parent.managedFields
 */

import type { ManagedFieldsEntry } from "../object.ts";
import { fieldElement } from "./field-element.ts";
import { difference, fieldSetOf, has, isEmpty } from "./field-set.ts";
import { encodeManagers, isSameManager, type Manager } from "./managers.ts";
import { decodedOf } from "./track-update.ts";

export interface ScaleMapping {
  /** Version of the parent, as in the request. */
  readonly apiVersion: string;
  /** Where the parent keeps its replicas: `spec.replicas`. */
  readonly path: string;
}

const SCALE_VERSION = "autoscaling/v1";
const REPLICAS = ["f:spec", "f:replicas"];

/** managedFields for the Scale of a parent that has `entries`. Entries of other versions of the parent are not shown. */
export function scaleManagedFields(
  entries: readonly ManagedFieldsEntry[] | undefined,
  mapping: ScaleMapping,
): ManagedFieldsEntry[] | undefined {
  const path = elementsOf(mapping);
  const managers = decodedOf(entries ?? [])
    .filter(({ apiVersion, fields }) => apiVersion === mapping.apiVersion && has(fields, path))
    .map((manager) => ({ ...manager, apiVersion: SCALE_VERSION, fields: fieldSetOf(REPLICAS) }));
  return managers.length > 0 ? encodeManagers(managers) : undefined;
}

/** managedFields of the parent, given those of its Scale after a write. New owners have no time, as upstream has it. */
export function parentManagedFields(
  entries: readonly ManagedFieldsEntry[] | undefined,
  scaleEntries: readonly ManagedFieldsEntry[] | undefined,
  mapping: ScaleMapping,
): ManagedFieldsEntry[] | undefined {
  const path = elementsOf(mapping);
  const replicas = fieldSetOf(path);
  const left = new Set(decodedOf(scaleEntries ?? []));
  const after: Manager[] = [];
  for (const manager of decodedOf(entries ?? [])) {
    if (manager.apiVersion !== mapping.apiVersion) continue; // a version that has no such Scale
    if (!has(manager.fields, path)) {
      after.push(manager);
      continue;
    }
    const asScale: Manager =
      manager.operation === "Apply" ? manager : { ...manager, apiVersion: SCALE_VERSION };
    const still = [...left].find((other) => isSameManager(other, asScale));
    if (still) {
      left.delete(still);
      after.push(manager);
      continue;
    }
    const fields = difference(manager.fields, replicas);
    if (!isEmpty(fields)) after.push({ ...manager, fields });
  }
  for (const manager of left) {
    if (!has(manager.fields, REPLICAS)) continue;
    after.push({ ...manager, apiVersion: mapping.apiVersion, time: undefined, fields: replicas });
  }
  return after.length > 0 ? encodeManagers(after) : undefined;
}

function elementsOf({ path }: ScaleMapping): string[] {
  return path.replace(/^\./, "").split(".").map(fieldElement);
}
