/**
 * A custom resource as OpenAPI publishes it: the kind and its list, with what every kind has. kubectl reads it for explain,
 * for validation and for merge keys.
 *
 * Version 3 says all that the schema says. Version 2 has no alternatives, no defaults and no nullable, and clients of it refuse what a
 * schema with fields does not name: so where unknown fields are kept, or null is allowed, it names none.
 */

import type { CustomSchemaOptions } from "./custom-schema.ts";
import type { JsonSchemaProps } from "./json-schema-props.ts";
import type { Structural } from "./structural.ts";

type Document = Record<string, unknown>;

const META = "io.k8s.apimachinery.pkg.apis.meta.v1.";

export function openApiOf(
  structural: Structural | undefined,
  options: CustomSchemaOptions,
  version: 2 | 3,
): Readonly<Record<string, object>> {
  const { group, version: served, kind, listKind = `${kind}List` } = options;
  const prefix = version === 2 ? "#/definitions/" : "#/components/schemas/";
  const name = modelName(group, served, kind);
  const resource = { group, version: served, kind };
  const selectable = selectableIn(options);
  return {
    [name]: { ...kindDocument(structural, options, { version, prefix }), ...gvk(resource), ...selectable },
    [modelName(group, served, listKind)]: {
      description: `${listKind} is a list of ${kind}`,
      type: "object",
      required: ["items"],
      properties: {
        ...typeMeta(),
        items: {
          description: `List of ${options.plural}. More info: ${CONVENTIONS}`,
          type: "array",
          items: { $ref: prefix + name },
        },
        metadata: reference(`${prefix}${META}ListMeta`, LIST_METADATA_SAYS, version),
      },
      ...gvk({ ...resource, kind: listKind }),
      ...selectable,
    },
  };
}

/** `stable.example.com/v1 CronTab` is `com.example.stable.v1.CronTab`. */
function modelName(group: string, version: string, kind: string): string {
  return `${group.split(".").reverse().join(".")}.${version}.${kind}`;
}

interface Dialect {
  readonly version: 2 | 3;
  readonly prefix: string;
}

const CONVENTIONS = "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md";
/** Clients look for how such words begin. */
const METADATA_SAYS = "Standard object's metadata: name, labels, annotations, owners";
const LIST_METADATA_SAYS = "What every list has: the version it was read at, and where to go on";

function kindDocument(
  structural: Structural | undefined,
  { preservesUnknownFields }: CustomSchemaOptions,
  dialect: Dialect,
): Document {
  const isOpen = structural?.preservesUnknown || preservesUnknownFields;
  if (!structural || (dialect.version === 2 && isOpen)) return { type: "object" };
  const { properties, ...rest } = schemaDocument(structural.props, dialect);
  return {
    ...rest,
    properties: { ...(properties as Document), ...typeMeta(), metadata: metadataIn(dialect) },
  };
}

function gvk(kind: { group: string; version: string; kind: string }): Document {
  return { "x-kubernetes-group-version-kind": [kind] };
}

function selectableIn({ selectableFields = [] }: CustomSchemaOptions): Document {
  const fields = selectableFields.map(({ jsonPath }) => ({ fieldPath: jsonPath.replace(/^\./, "") }));
  return fields.length > 0 ? { "x-kubernetes-selectable-fields": fields } : {};
}

function typeMeta(): Document {
  return {
    apiVersion: {
      description: "APIVersion defines the group and version whose schema this object follows",
      type: "string",
    },
    kind: { description: "Kind is what this object is an object of, in CamelCase", type: "string" },
  };
}

function metadataIn({ prefix, version }: Dialect): Document {
  return reference(`${prefix}${META}ObjectMeta`, METADATA_SAYS, version);
}

/** Version 3 forbids words beside a reference. */
function reference($ref: string, description: string, version: 2 | 3): Document {
  return version === 2 ? { description, $ref } : { description, allOf: [{ $ref }] };
}

/** What no part of a structural schema may say; a stored one from before might. */
const UNKNOWN_IN_STRUCTURE: ReadonlySet<string> = new Set([
  "id",
  "$schema",
  "$ref",
  "patternProperties",
  "dependencies",
  "additionalItems",
  "definitions",
]);

function schemaDocument(props: JsonSchemaProps, dialect: Dialect): Document {
  const said = dialect.version === 2 ? forVersion2(props) : unfolded(props);
  const document: Document = {};
  for (const [name, value] of Object.entries(said)) {
    if (value === undefined || value === null || UNKNOWN_IN_STRUCTURE.has(name)) continue;
    document[name] = memberDocument(name, value, dialect);
  }
  return said["x-kubernetes-embedded-resource"] ? withResource(document, dialect) : document;
}

function memberDocument(name: string, value: unknown, dialect: Dialect): unknown {
  switch (name) {
    case "items":
      return schemaDocument(value as JsonSchemaProps, dialect);
    case "properties":
      return Object.fromEntries(
        Object.entries(value as object).map(([key, inner]) => [key, schemaDocument(inner, dialect)]),
      );
    case "additionalProperties":
      return typeof value === "object" ? schemaDocument(value as JsonSchemaProps, dialect) : value;
    default:
      return value;
  }
}

/** Fields that every object has; not in version 2 where unknown ones are kept, or its clients would refuse those. */
function withResource(document: Document, dialect: Dialect): Document {
  if (dialect.version === 2 && document["x-kubernetes-preserve-unknown-fields"]) return document;
  const required = [...((document.required as string[] | undefined) ?? [])];
  for (const name of ["kind", "apiVersion"]) if (!required.includes(name)) required.push(name);
  return {
    ...document,
    required,
    properties: { ...(document.properties as Document), ...typeMeta(), metadata: metadataIn(dialect) },
  };
}

const EITHER = [{ type: "integer" }, { type: "string" }] as const;

/** int-or-string says in OpenAPI's own words what it is. */
function unfolded(props: JsonSchemaProps): JsonSchemaProps {
  if (!props["x-kubernetes-int-or-string"] || isEither(props.anyOf) || isEither(props.allOf?.[0]?.anyOf))
    return props;
  if (!props.anyOf?.length) return { ...props, anyOf: EITHER };
  return { ...props, allOf: [{ anyOf: EITHER }, ...(props.allOf ?? [])] };
}

function isEither(anyOf: readonly JsonSchemaProps[] | undefined): boolean {
  return JSON.stringify(anyOf) === JSON.stringify(EITHER);
}

function forVersion2(props: JsonSchemaProps): JsonSchemaProps {
  const {
    allOf: _allOf,
    anyOf: _anyOf,
    oneOf: _oneOf,
    not: _not,
    default: _default,
    nullable,
    ...said
  } = props;
  const keeps = props["x-kubernetes-preserve-unknown-fields"];
  const { items, properties, type, required, ...rest } = said;
  const hasFields = !nullable && !keeps;
  const isTyped = !nullable && !(keeps && type === "object") && !(type === "array" && !(hasFields && items));
  const additional = props.additionalProperties;
  const needed = typeof additional === "object" && additional.nullable ? [] : (required ?? []);
  const still = needed.filter((name) => !(hasFields && properties?.[name]?.nullable));
  return {
    ...rest,
    ...(isTyped && type && { type }),
    ...(hasFields && items && { items }),
    ...(hasFields && properties && { properties }),
    ...(still.length > 0 && { required: still }),
  };
}
