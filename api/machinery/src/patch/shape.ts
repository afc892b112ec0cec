/**
 * A schema as field management walks it: what is a leaf, what is a list of which kind, and under which element each
 * field is recorded. Made once per schema, lazily, because schemas may contain themselves.
 *
 * A value may be allowed several forms (`any`); which one applies is decided by the value.
 */

import type { Schema } from "@knarr/schema/schema.ts";
import { goJson } from "../quote.ts";
import { fieldElement } from "./field-element.ts";
import { zeroOf } from "./go-structs.ts";

export interface Shape {
  readonly scalar?: "numeric" | "string" | "boolean" | "untyped";
  readonly list?: ListShape;
  readonly map?: MapShape;
}

export interface ListShape {
  readonly relation: "atomic" | "set" | "map";
  readonly items: Shape;
  /** For `map`: names of the key fields, sorted. */
  readonly keys: readonly string[];
  readonly keyDefaults: Readonly<Record<string, unknown>>;
}

export interface MapShape {
  readonly atomic: boolean;
  /** Declared fields. */
  readonly fields: ReadonlyMap<string, FieldShape>;
  /** Shape of what is not declared; absent when nothing else is allowed. */
  readonly values: Shape | undefined;
  /** Whether this is a struct of a built-in kind: null members are absent ones. */
  readonly builtIn: boolean;
}

export interface FieldShape {
  readonly element: string;
  readonly shape: Shape;
  /** What the field is when it is left out: upstream's structs always have some fields. */
  readonly zero: unknown;
  /** Nobody's field: identity and bookkeeping. */
  readonly unmanaged: boolean;
}

const NO_FIELDS: ReadonlyMap<string, FieldShape> = new Map();

/** Any value, objects and lists as a whole. */
const ATOMIC: Shape = {
  scalar: "untyped",
  get list(): ListShape {
    return { relation: "atomic", items: ATOMIC, keys: [], keyDefaults: {} };
  },
  get map(): MapShape {
    return { atomic: true, fields: NO_FIELDS, values: ATOMIC, builtIn: false };
  },
};

/** Any value whose schema nobody gave: objects field by field, lists as a whole. */
export const DEDUCED: Shape = {
  scalar: "untyped",
  list: { relation: "atomic", items: ATOMIC, keys: [], keyDefaults: {} },
  get map(): MapShape {
    return deducedMap;
  },
};
const deducedMap: MapShape = { atomic: false, fields: NO_FIELDS, values: DEDUCED, builtIn: false };

const shapes = new WeakMap<Schema, Shape>();
const roots = new WeakMap<Schema, Shape>();

function shapeOf(schema: Schema): Shape {
  let shape = shapes.get(schema);
  if (!shape) shapes.set(schema, (shape = makeShape(schema)));
  return shape;
}

/** The shape of a whole API object: as `shapeOf`, but identity and bookkeeping belong to nobody. */
export function rootShapeOf(schema: Schema): Shape {
  let shape = roots.get(schema);
  if (!shape) roots.set(schema, (shape = makeRoot(schema)));
  return shape;
}

const UNMANAGED_METADATA = new Set([
  "name",
  "namespace",
  "creationTimestamp",
  "selfLink",
  "uid",
  "clusterName",
  "generation",
  "managedFields",
  "resourceVersion",
]);

function makeRoot(schema: Schema): Shape {
  const { map } = shapeOf(schema);
  if (!map) return shapeOf(schema);
  const fields = new Map(map.fields);
  for (const name of ["apiVersion", "kind"]) {
    fields.set(name, { element: fieldElement(name), shape: ATOMIC, zero: undefined, unmanaged: true });
  }
  const metadata = map.fields.get("metadata")?.shape.map ?? deducedMap;
  const metadataFields = new Map(metadata.fields);
  for (const name of UNMANAGED_METADATA) {
    metadataFields.set(name, {
      element: fieldElement(name),
      shape: ATOMIC,
      zero: undefined,
      unmanaged: true,
    });
  }
  fields.set("metadata", {
    element: "f:metadata",
    shape: { map: { ...metadata, fields: metadataFields } },
    zero: {}, // never itself owned
    unmanaged: false,
  });
  return { map: { atomic: false, fields, values: map.values, builtIn: map.builtIn } };
}

function makeShape(schema: Schema): Shape {
  switch (schema.type) {
    case "integer":
    case "number":
      return { scalar: "numeric" };
    case "boolean":
      return { scalar: "boolean" };
    case "string":
      return { scalar: !schema.format || schema.format === "byte" ? "string" : "untyped" };
    case "array":
      return { list: lazyList(schema) };
    case "object":
      return objectShape(schema);
    case "any":
      if (schema.format === "int-or-string" || schema.format === "quantity") return { scalar: "untyped" };
      return schema.properties || schema.values ? { ...DEDUCED, map: objectShape(schema).map! } : DEDUCED;
  }
}

function lazyList(schema: Schema): ListShape {
  const { relation, keys } = relationOf(schema);
  let items: Shape | undefined;
  return {
    relation,
    keys,
    get items() {
      return (items ??= schema.items ? shapeOf(schema.items) : ATOMIC);
    },
    get keyDefaults() {
      return keyDefaultsOf(schema, keys);
    },
  };
}

function relationOf({
  listType,
  mapKeys,
  patchStrategy,
  patchMergeKey,
}: Schema): Pick<ListShape, "relation" | "keys"> {
  if (listType === "map") return { relation: "map", keys: (mapKeys ?? []).toSorted() };
  if (listType) return { relation: listType, keys: [] };
  if (patchStrategy === "merge" || patchStrategy === "merge,retainKeys") {
    return patchMergeKey ? { relation: "map", keys: [patchMergeKey] } : { relation: "set", keys: [] };
  }
  return { relation: "atomic", keys: [] };
}

/**
 * What keys are when they are left out: `protocol` of ports has a default, and in Go's structs a required one is empty
 * rather than absent.
 */
function keyDefaultsOf({ items }: Schema, keys: readonly string[]): Readonly<Record<string, unknown>> {
  const defaults: Record<string, unknown> = {};
  for (const key of keys) {
    const value = items?.properties?.get(key)?.default;
    if (value !== undefined) defaults[key] = value;
    else if (key === "protocol" && items?.name?.startsWith("io.k8s.api.core.v1.")) defaults[key] = "TCP";
    else if (items?.name && items.required?.has(key))
      defaults[key] = items.properties?.get(key)?.type === "integer" ? 0 : "";
  }
  return defaults;
}

function objectShape(schema: Schema): Shape {
  if (schema.format === "raw-extension") return ATOMIC;
  const atomic = schema.mapType === "atomic";
  if (!schema.properties) {
    if (!schema.values) return atomic ? { map: { ...deducedMap, atomic } } : { map: deducedMap };
    const of = schema.values;
    let values: Shape | undefined;
    const map = {
      atomic,
      fields: NO_FIELDS,
      builtIn: false,
      get values() {
        return (values ??= shapeOf(of));
      },
    };
    return { map };
  }
  return { map: lazyStruct(schema, schema.properties, atomic) };
}

function lazyStruct(schema: Schema, properties: ReadonlyMap<string, Schema>, atomic: boolean): MapShape {
  let fields: Map<string, FieldShape> | undefined;
  const builtIn = schema.name !== undefined;
  return {
    atomic,
    builtIn,
    values: schema.values ? shapeOf(schema.values) : undefined,
    get fields() {
      if (!fields) {
        fields = new Map();
        for (const [name, field] of properties) fields.set(name, lazyField(schema, name, field));
      }
      return fields;
    },
  };
}

function lazyField(owner: Schema, name: string, field: Schema): FieldShape {
  let shape: Shape | undefined;
  return {
    element: fieldElement(name),
    zero: owner.name === undefined ? undefined : zeroOf(owner, name, field),
    unmanaged: false,
    get shape() {
      return (shape ??= shapeOf(field));
    },
  };
}

/**
 * The element of an item of a list that is a set or a map. Throws ShapeError for items that have none.
 *
 *     elementOf(ports, { containerPort: 80 })  // k:{"containerPort":80,"protocol":"TCP"}
 */
export function elementOf(list: ListShape, item: unknown): string {
  if (list.relation === "map") return keyElement(list, item);
  if (typeof item !== "object") return `v:${goJson(item)}`;
  throw new ShapeError(
    item === null
      ? "associative list without keys has an element that's an explicit null"
      : Array.isArray(item)
        ? "not supported: associative list with lists as elements"
        : "associative list without keys has an element that's a map type",
  );
}

function keyElement({ keys, keyDefaults }: ListShape, item: unknown): string {
  if (item === null) throw new ShapeError("associative list with keys may not have a null element");
  if (typeof item !== "object" || Array.isArray(item)) {
    throw new ShapeError("associative list with keys may not have non-map elements");
  }
  const found: Record<string, unknown> = {};
  let none = true;
  for (const key of keys) {
    const value = (item as Record<string, unknown>)[key] ?? keyDefaults[key];
    if (value === undefined) continue;
    found[key] = value;
    none = false;
  }
  if (none) {
    const names = keys.map((key) => JSON.stringify(key)).join(" ");
    throw new ShapeError(
      `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
    );
  }
  return `k:${goJson(found)}`;
}

/** A value that does not fit its schema, where field management needs it to. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
}
