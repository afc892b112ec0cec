/**
 * A custom resource's schema in the form that built-in kinds have theirs, for what works on both: apply, managed fields,
 * the shape of lists and maps. What is not said there (limits, patterns, rules) is not said here.
 *
 * - Nothing has `presence`: a custom resource is what its writer sent, nothing is written for what is left out.
 * - Fields without a type are `any`; unknown fields that are kept are `values` of `any`, and so they are in all that lies
 *   below, as field management sees it.
 * - An embedded resource has `apiVersion`, `kind` and `metadata` as every object has them.
 */

import { definition } from "@knarr/schema/definitions.ts";
import type { Schema } from "@knarr/schema/schema.ts";
import type { Structural } from "./structural.ts";

/** The schema of the whole object. Made lazily, level by level; the same object every time a level is asked for. */
export function schemaOf(structural: Structural, { preservesUnknown = false } = {}): Schema {
  return new StructSchema(structural, {
    keeps: preservesUnknown || structural.preservesUnknown,
    isResource: true,
  });
}

interface Surroundings {
  /** Unknown fields are kept here: said here or further up. */
  readonly keeps: boolean;
  readonly isResource?: boolean;
}

const ANY: Schema = { type: "any" };

function fieldSchema(structural: Structural, above: Surroundings): Schema {
  const schema = typeSchema(structural, { keeps: above.keeps || structural.preservesUnknown });
  const value = structural.default;
  if (value == null) return schema;
  return schema instanceof StructSchema ? schema.withDefault(value) : { ...schema, default: value };
}

function typeSchema(structural: Structural, here: Surroundings): Schema {
  if (structural.isIntOrString) return ANY; // whether it is either is for validation to say
  const { format } = structural.props;
  switch (structural.type) {
    case "integer":
    case "number":
    case "boolean":
      return { type: structural.type };
    case "string":
      return { type: "string", ...(format && { format }) };
    case "array":
      return listSchema(structural, here);
    default:
      return objectSchema(structural, here);
  }
}

function listSchema(structural: Structural, here: Surroundings): Schema {
  const { listType, mapKeys, items } = structural;
  return {
    type: "array",
    ...(items && { items: fieldSchema(items, here) }),
    ...(listType && { listType: listType as NonNullable<Schema["listType"]> }),
    ...(listType === "map" && { mapKeys }),
  };
}

function objectSchema(structural: Structural, here: Surroundings): Schema {
  if (structural.properties.size > 0 || structural.isEmbeddedResource)
    return new StructSchema(structural, here);
  const type = structural.type === "" ? "any" : "object";
  const values = valuesOf(structural, here);
  return { type, ...(values && { values }), ...mapTypeOf(structural) };
}

function mapTypeOf({ mapType }: Structural): Pick<Schema, "mapType"> {
  return mapType ? { mapType: mapType as NonNullable<Schema["mapType"]> } : {};
}

class StructSchema implements Schema {
  readonly type: "object" | "any";
  declare readonly values?: Schema;
  declare readonly mapType?: "atomic" | "granular";
  declare readonly default?: unknown;
  readonly #structural: Structural;
  readonly #here: Surroundings;
  #properties: ReadonlyMap<string, Schema> | undefined;

  constructor(structural: Structural, here: Surroundings) {
    this.#structural = structural;
    this.#here = here;
    this.type = structural.type === "" && !here.isResource ? "any" : "object";
    const values = valuesOf(structural, here);
    Object.assign(this, mapTypeOf(structural), values && { values });
  }

  get properties(): ReadonlyMap<string, Schema> {
    return (this.#properties ??= fieldsOf(this.#structural, this.#here));
  }

  withDefault(value: unknown): Schema {
    return Object.assign(new StructSchema(this.#structural, this.#here), { default: value });
  }
}

/** What may stand beside the fields; an object that names none is open without saying so. */
function valuesOf(structural: Structural, here: Surroundings): Schema | undefined {
  if (structural.additional) return fieldSchema(structural.additional, here);
  if (structural.props.additionalProperties === true) return ANY;
  if (structural.hasAdditional) return undefined;
  return here.keeps ? ANY : undefined;
}

function fieldsOf(structural: Structural, here: Surroundings): ReadonlyMap<string, Schema> {
  const fields = new Map<string, Schema>();
  for (const [name, field] of structural.properties) fields.set(name, fieldSchema(field, here));
  if (here.isResource || structural.isEmbeddedResource) {
    fields.set("apiVersion", { type: "string" });
    fields.set("kind", { type: "string" });
    fields.set("metadata", definition("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"));
  }
  return fields;
}
