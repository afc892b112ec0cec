/**
 * The annotation in which client-side `kubectl apply` remembers what it applied. When kubectl changes over to
 * server-side apply it may take what the annotation says was its own, and the annotation is kept up to date for the
 * case that it changes back.
 */

import type { ApiObject, JsonObject } from "../object.ts";
import { goJson } from "../quote.ts";
import { compareObjects } from "./compare.ts";
import { checkTypes, fieldSetOfObject } from "./field-set-of-object.ts";
import { difference, type FieldSet } from "./field-set.ts";
import type { Shape } from "./shape.ts";

export const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** Of all annotations together, keys and values. */
const MAX_ANNOTATION_BYTES = 256 * 1024;

/**
 * Fields that the annotation states and that still have the stated value: they are kubectl's, whoever is recorded.
 * undefined when there is no annotation, or none that can be used.
 */
export function allowedByLastApplied(
  live: ApiObject,
  apiVersion: string,
  shape: Shape,
): FieldSet | undefined {
  const text = live.metadata.annotations?.[LAST_APPLIED];
  if (!text) return undefined;
  let stated: JsonObject;
  try {
    stated = JSON.parse(text) as JsonObject;
  } catch {
    return undefined; // written by hand; then it allows nothing
  }
  if (stated?.["apiVersion"] !== apiVersion || checkTypes(shape, stated).length > 0) return undefined;
  const { changed, removed } = compareObjects(shape, stated, live as never);
  return difference(difference(fieldSetOfObject(shape, stated), changed), removed);
}

/** `object` with the annotation saying what was applied now. */
export function withLastApplied(object: ApiObject, applied: JsonObject): ApiObject {
  const given = applied["metadata"] as ApiObject["metadata"] | undefined;
  const { [LAST_APPLIED]: _, ...stated } = given?.annotations ?? {};
  const metadata = { ...given, ...(given?.annotations && { annotations: stated }) };
  const text = `${goJson(sorted({ ...applied, metadata }))}\n`;
  const annotations = { ...object.metadata.annotations, [LAST_APPLIED]: text };
  if (sizeOf(annotations) > MAX_ANNOTATION_BYTES)
    delete (annotations as Record<string, string>)[LAST_APPLIED];
  return { ...object, metadata: { ...object.metadata, annotations } };
}

function sizeOf(annotations: Readonly<Record<string, string>>): number {
  let size = 0;
  for (const key in annotations) size += Buffer.byteLength(key) + Buffer.byteLength(annotations[key]!);
  return size;
}

/** Keys in order, as Go writes maps. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  );
}
