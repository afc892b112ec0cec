/**
 * Definitions as OpenAPI writes them, from the schema tables: `components.schemas` of version 3, `definitions` of version 2.
 *
 * A document holds what its roots reach and nothing else. kubectl reads from it the types (explain), the merge keys (client-side
 * apply, diff) and which definition a kind is.
 */

import { definition, kindsOf } from "@knarr/schema/definitions.ts";
import type { Schema } from "@knarr/schema/schema.ts";
import type { DefinitionWords, Words } from "./words.ts";

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

/** All definitions that `roots` (full names) reach, by name, in order; with what they mean, where `words` say it. */
export function definitionsFrom(roots: Iterable<string>, dialect: Dialect, words?: Words): Document {
  const found = new Map<string, Document>();
  const waiting = [...new Set(roots)];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name)) continue;
    const refer = (wanted: string): Document => {
      if (!found.has(wanted)) waiting.push(wanted);
      return { $ref: dialect.prefix + wanted };
    };
    const said = words?.of(name);
    const leaf = leaves(dialect)[name];
    if (leaf) {
      found.set(name, { ...describedBy(said?.description), ...leaf });
      continue;
    }
    found.set(name, {}); // a definition may contain itself
    found.set(name, describe(definition(name), said, dialect, refer));
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

type Refer = (name: string) => Document;

function describe(
  schema: Schema,
  said: DefinitionWords | undefined,
  dialect: Dialect,
  refer: Refer,
): Document {
  const kinds = schema.name ? kindsOf(schema.name) : [];
  const properties = [...(schema.properties ?? [])].map(([name, field]) => {
    const document = fieldOf(field, dialect, refer);
    return [name, explained(document, said?.fields[name], dialect)] as const;
  });
  return {
    ...describedBy(said?.description),
    type: "object",
    ...(properties.length > 0 && { properties: Object.fromEntries(properties) }),
    ...(schema.required?.size && { required: [...schema.required] }),
    ...(kinds.length > 0 && { "x-kubernetes-group-version-kind": kinds }),
    ...(schema.mapType && { "x-kubernetes-map-type": schema.mapType }),
    ...(schema.unions && { "x-kubernetes-unions": schema.unions }),
  };
}

function describedBy(description: string | undefined): Document {
  return description ? { description } : {};
}

/** In OpenAPI 3 a reference stands alone: what is said beside it is said of a schema that is all of it. */
function explained(field: Document, description: string | undefined, { hasOneOf }: Dialect): Document {
  const { $ref, ...rest } = field;
  if ($ref === undefined || !hasOneOf) {
    const values = field["type"] === "string" ? valuesIn(description) : [];
    return { ...describedBy(description), ...field, ...(values.length > 0 && { enum: values }) };
  }
  if (!description && Object.keys(rest).length === 0) return field;
  return { ...describedBy(description), ...rest, allOf: [{ $ref }] };
}

/** Where a string is one of a few, what it means lists them. */
function valuesIn(description = ""): string[] {
  return [...description.matchAll(/^ - `"(.*?)"`/gm)].map(([, value]) => value!).sort();
}

function fieldOf(schema: Schema, dialect: Dialect, refer: Refer): Document {
  return {
    ...typeOf(schema, dialect, refer),
    ...(schema.default !== undefined && { default: schema.default }),
    ...merging(schema),
  };
}

function typeOf(schema: Schema, dialect: Dialect, refer: Refer): Document {
  const named = schema.name ?? (schema.format && LEAF_NAMES[schema.format]);
  if (named) return refer(named);
  const leaf = schema.format ? formats[schema.format] : undefined;
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

const API = "io.k8s.apimachinery.pkg.";
const EXTENSIONS = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.";

/** Formats whose definitions people know by name: `kubectl explain` shows `<map[string]Quantity>`. */
const LEAF_NAMES: Readonly<Record<string, string>> = {
  quantity: `${API}api.resource.Quantity`,
  "int-or-string": `${API}util.intstr.IntOrString`,
  "fields-v1": `${API}apis.meta.v1.FieldsV1`,
  "raw-extension": `${API}runtime.RawExtension`,
  json: `${EXTENSIONS}JSON`,
  "json-schema-or-array": `${EXTENSIONS}JSONSchemaPropsOrArray`,
  "json-schema-or-bool": `${EXTENSIONS}JSONSchemaPropsOrBool`,
  "json-schema-or-string-array": `${EXTENSIONS}JSONSchemaPropsOrStringArray`,
};

function leaves({ hasOneOf }: Dialect): Readonly<Record<string, Document>> {
  const either = (...types: string[]): Document =>
    hasOneOf ? { oneOf: types.map((type) => ({ type })) } : { type: "string" };
  return {
    [LEAF_NAMES["quantity"]!]: either("string", "number"),
    [LEAF_NAMES["int-or-string"]!]: { ...either("integer", "string"), format: "int-or-string" },
    [LEAF_NAMES["fields-v1"]!]: { type: "object" },
    [LEAF_NAMES["raw-extension"]!]: { type: "object" },
    [LEAF_NAMES["json"]!]: {},
    [LEAF_NAMES["json-schema-or-array"]!]: {},
    [LEAF_NAMES["json-schema-or-bool"]!]: {},
    [LEAF_NAMES["json-schema-or-string-array"]!]: {},
  };
}

/** Formats that are not OpenAPI's own, and have no definition. */
const formats: Readonly<Record<string, Document>> = {
  "micro-time": { type: "string", format: "date-time" },
  duration: { type: "string" },
};
