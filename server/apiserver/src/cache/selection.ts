/**
 * What a list or a watch wants, ready to be asked of every object, and the one place in the indexes where that can be found.
 */

import type { Resource } from "@knarr/kinds/resource.ts";
import { keyOf, type ApiObject } from "@knarr/machinery/object.ts";
import type { Selected } from "./cache.ts";
import { indexedFields } from "./indexes.ts";

export interface Selection<T extends ApiObject = ApiObject> {
  /** The same for selections that select the same. */
  readonly id: string;
  /** The most telling thing that all selected objects have in common; see `bucketsOf`. */
  readonly bucket: string;
  /** Set when only one object can be selected. */
  readonly key: string | undefined;
  /** Set when an index has all that can be selected. */
  readonly field: { readonly name: string; readonly value: string } | undefined;
  readonly namespace: string;
  /** There is no selector: everything in the namespace is wanted. */
  readonly isWhole: boolean;
  matches(object: T): boolean;
}

export function selectionOf<T extends ApiObject>(resource: Resource<T>, selected: Selected): Selection<T> {
  const { labelSelector: labels, fieldSelector: fields } = selected;
  const isNamespaced = resource.scope === "Namespaced";
  const namespace = isNamespaced ? selected.namespace || fields?.exactValue("metadata.namespace") || "" : "";
  const name = fields?.exactValue("metadata.name");
  const key =
    name === undefined || (isNamespaced && !namespace)
      ? undefined
      : isNamespaced
        ? `${namespace}/${name}`
        : name;
  const indexed = indexedFields(resource).find((field) => fields?.exactValue(field) !== undefined);
  const field = indexed === undefined ? undefined : { name: indexed, value: fields!.exactValue(indexed)! };
  const valueOf = (object: T) => (term: string) => fieldOf(resource, object, term);
  const hasLabels = labels !== undefined && !labels.isEmpty;
  const hasFields = fields !== undefined && !fields.isEmpty;
  return {
    id: `${selected.namespace ?? ""}\n${hasLabels ? (labels.isNothing ? "\0" : labels) : ""}\n${hasFields ? fields : ""}`,
    bucket:
      key !== undefined
        ? keyBucket(key)
        : field
          ? fieldBucket(field.name, field.value)
          : namespaceBucket(namespace),
    key,
    field,
    namespace,
    isWhole: !hasLabels && !hasFields,
    matches(object) {
      if (isNamespaced && selected.namespace && object.metadata.namespace !== selected.namespace)
        return false;
      if (hasLabels && !labels.matches(object.metadata.labels)) return false;
      return !hasFields || fields.matches(valueOf(object));
    },
  };
}

/** Every bucket, once, in which those may be who want this object, or want it as it was before: at most a handful. */
export function bucketsOf<T extends ApiObject>(resource: Resource<T>, object: T, previous?: T): string[] {
  const { namespace } = object.metadata;
  const buckets = [EVERYTHING, keyBucket(keyOf(object))];
  if (namespace) buckets.push(namespaceBucket(namespace));
  for (const field of indexedFieldsOf(resource)) {
    const valueOf = resource.selectableFields![field]!;
    const value = valueOf(object);
    const before = previous ? valueOf(previous) : value;
    buckets.push(fieldBucket(field, value));
    if (before !== value) buckets.push(fieldBucket(field, before));
  }
  return buckets;
}

const fieldsByResource = new WeakMap<Resource<any>, readonly string[]>();

function indexedFieldsOf(resource: Resource<any>): readonly string[] {
  let fields = fieldsByResource.get(resource);
  if (!fields) fieldsByResource.set(resource, (fields = indexedFields(resource)));
  return fields;
}

const EVERYTHING = "";
const keyBucket = (key: string): string => `key ${key}`;
const namespaceBucket = (namespace: string): string => (namespace ? `namespace ${namespace}` : EVERYTHING);
const fieldBucket = (field: string, value: string): string => `${field} ${value}`;

function fieldOf<T extends ApiObject>(resource: Resource<T>, object: T, field: string): string {
  switch (field) {
    case "metadata.name":
      return object.metadata.name ?? "";
    case "metadata.namespace":
      return object.metadata.namespace ?? "";
    default:
      return resource.selectableFields?.[field]?.(object) ?? "";
  }
}
