/**
 * Definitions as OpenAPI writes them, from the schema tables: `components.schemas` of version 3, `definitions` of version 2.
 *
 * A document holds what its roots reach and nothing else. kubectl reads from it the types (explain), the merge keys (client-side
 * apply, diff) and which definition a kind is.
 */

import { definition, kindsOf } from "@knarr/schema/definitions.ts";
import type { Schema } from "@knarr/schema/schema.ts";
import { wordsOf } from "./words.ts";

export type Document = Record<string, unknown>;

/** How a version of OpenAPI differs where schemas are concerned. */
export interface Dialect {
  /** Where references point: `#/components/schemas/`. */
  readonly prefix: string;
  /** OpenAPI 2 has no `oneOf`. */
  readonly hasOneOf: boolean;
}

export const version2: Dialect = { prefix: "#/definitions/", hasOneOf: false };
export const version3: Dialect = { prefix: "#/components/schemas/", hasOneOf: true };

/** All definitions that `roots` (full names) reach, by name, in order. */
export function definitionsFrom(roots: Iterable<string>, dialect: Dialect): Document {
  const found = new Map<string, Document>();
  const waiting = [...new Set(roots)];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name)) continue;
    const refer = (wanted: string): Document => {
      if (!found.has(wanted)) waiting.push(wanted);
      return { $ref: dialect.prefix + wanted };
    };
    const leaf = leaves(dialect)[name];
    if (leaf) {
      found.set(name, leaf);
      continue;
    }
    found.set(name, {}); // a definition may contain itself
    found.set(name, describe(definition(name), dialect, refer));
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function describe(schema: Schema, dialect: Dialect, refer: (name: string) => Document): Document {
  const kinds = schema.name ? kindsOf(schema.name) : [];
  const words = wordsOf(schema.name);
  const properties = [...(schema.properties ?? [])].map(
    ([name, field]) => [name, { ...said(words[name]), ...fieldOf(field, dialect, refer) }] as const,
  );
  return {
    type: "object",
    ...(properties.length > 0 && { properties: Object.fromEntries(properties) }),
    ...(schema.required?.size && { required: [...schema.required] }),
    ...(kinds.length > 0 && { "x-kubernetes-group-version-kind": kinds }),
    ...(schema.mapType && { "x-kubernetes-map-type": schema.mapType }),
    ...(schema.unions && { "x-kubernetes-unions": schema.unions }),
  };
}

function said(description: string | undefined): Document {
  return description === undefined ? {} : { description };
}

function fieldOf(schema: Schema, dialect: Dialect, refer: (name: string) => Document): Document {
  return {
    ...typeOf(schema, dialect, refer),
    ...(schema.default !== undefined && { default: schema.default }),
    ...merging(schema),
  };
}

function typeOf(schema: Schema, dialect: Dialect, refer: (name: string) => Document): Document {
  const named = schema.name ?? (schema.format && LEAF_NAMES[schema.format]);
  if (named) return refer(named);
  const leaf = schema.format ? formats()[schema.format] : undefined;
  if (leaf) return leaf;
  switch (schema.type) {
    case "array":
      return { type: "array", items: fieldOf(schema.items!, dialect, refer) };
    case "object":
      return {
        type: "object",
        ...(schema.values && { additionalProperties: fieldOf(schema.values, dialect, refer) }),
      };
    case "any":
      return {};
    default:
      return { type: schema.type, ...(schema.format && { format: schema.format }) };
  }
}

function merging(schema: Schema): Document {
  return {
    ...(schema.listType && { "x-kubernetes-list-type": schema.listType }),
    ...(schema.mapKeys && { "x-kubernetes-list-map-keys": schema.mapKeys }),
    ...(schema.mapType && !schema.name && { "x-kubernetes-map-type": schema.mapType }),
    ...(schema.patchStrategy && { "x-kubernetes-patch-strategy": schema.patchStrategy }),
    ...(schema.patchMergeKey && { "x-kubernetes-patch-merge-key": schema.patchMergeKey }),
  };
}

/** Formats whose definitions people know by name: `kubectl explain` shows `<map[string]Quantity>`. */
const LEAF_NAMES: Readonly<Record<string, string>> = {
  quantity: "io.k8s.apimachinery.pkg.api.resource.Quantity",
  "int-or-string": "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
};

function leaves({ hasOneOf }: Dialect): Readonly<Record<string, Document>> {
  const either = (...types: string[]): Document =>
    hasOneOf ? { oneOf: types.map((type) => ({ type })) } : { type: "string" };
  return {
    [LEAF_NAMES["quantity"]!]: either("string", "number"),
    [LEAF_NAMES["int-or-string"]!]: { ...either("integer", "string"), format: "int-or-string" },
  };
}

/** Formats that are not OpenAPI's own. */
function formats(): Readonly<Record<string, Document>> {
  return {
    "micro-time": { type: "string", format: "date-time" },
    duration: { type: "string" },
    "fields-v1": { type: "object" },
    "raw-extension": { type: "object" },
    json: {},
    "json-schema-or-array": {},
    "json-schema-or-bool": {},
    "json-schema-or-string-array": {},
  };
}
