/**
 * A schema made ready for converting: one plan per schema, compiled when first needed and kept, so that converting an
 * object looks up nothing but its fields.
 */

import { definition } from "@knarr/schema/definitions.ts";
import type { Presence, Schema } from "@knarr/schema/schema.ts";

/** How a value is converted. Everything but `struct`, `map` and `list` is a leaf. */
export type PlanKind =
  | "struct"
  | "map"
  | "list"
  | "string"
  | "boolean"
  | "int32"
  | "int64"
  | "double"
  | "byte"
  | "date-time"
  | "micro-time"
  | "duration"
  | "quantity"
  | "int-or-string"
  | "schema-or"
  | "any";

export interface FieldPlan {
  readonly name: string;
  readonly plan: Plan;
  readonly presence: Presence | undefined;
  /** Written when the field is absent; `struct` for a struct of its own that is filled in turn. */
  readonly fill: "struct" | "nothing" | string | number | boolean | null;
}

export class Plan {
  readonly schema: Schema;
  readonly kind: PlanKind;
  #fields: readonly FieldPlan[] | undefined;
  #byName: ReadonlyMap<string, FieldPlan> | undefined;
  #inner: Plan | undefined;

  constructor(schema: Schema) {
    this.schema = schema;
    this.kind = kindOf(schema);
  }

  /** Fields of a struct, in the order they are written. */
  get fields(): readonly FieldPlan[] {
    return (this.#fields ??= fieldsOf(this.schema));
  }

  get byName(): ReadonlyMap<string, FieldPlan> {
    return (this.#byName ??= new Map(this.fields.map((field) => [field.name, field])));
  }

  /** Plan of a list's items, a map's values, or the schema among other forms. */
  get inner(): Plan {
    return (this.#inner ??= planOf(innerOf(this)));
  }

  /** The type as Go's decoder names it. */
  get goType(): string {
    return goTypeOf(this.schema);
  }
}

const ANYTHING: Schema = { type: "any" };
const SCHEMA_PROPS = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";

function innerOf({ kind, schema }: Plan): Schema {
  return kind === "schema-or" ? definition(SCHEMA_PROPS) : (schema.items ?? schema.values ?? ANYTHING);
}
const plans = new WeakMap<Schema, Plan>();

export function planOf(schema: Schema): Plan {
  let plan = plans.get(schema);
  if (!plan) plans.set(schema, (plan = new Plan(schema)));
  return plan;
}

function kindOf(schema: Schema): PlanKind {
  switch (schema.type) {
    case "object":
      if (schema.format) return "any"; // FieldsV1, RawExtension: JSON kept as it came
      return schema.properties ? "struct" : schema.values ? "map" : "any";
    case "array":
      return "list";
    case "integer":
      return schema.format === "int32" ? "int32" : "int64";
    case "number":
      return "double";
    case "boolean":
      return "boolean";
    case "string":
      return stringKinds.has(schema.format ?? "") ? (schema.format as PlanKind) : "string";
    default:
      if (schema.format === "int-or-string") return "int-or-string";
      return schema.format?.startsWith("json-schema-or-") ? "schema-or" : "any";
  }
}
const stringKinds: ReadonlySet<string> = new Set(["byte", "date-time", "micro-time", "duration", "quantity"]);

function fieldsOf(schema: Schema): readonly FieldPlan[] {
  const { properties = new Map<string, Schema>(), presence } = schema;
  const names = presence?.size ? presence.keys() : properties.keys();
  return [...names].map((name) => {
    const plan = planOf(properties.get(name)!);
    const mark = presence?.get(name);
    return { name, plan, presence: mark, fill: fillOf(plan, mark) };
  });
}

/** What upstream writes for a field that nobody set. */
function fillOf({ kind, schema }: Plan, presence: Presence | undefined): FieldPlan["fill"] {
  if (presence === "n") return null;
  if (presence !== "a" && presence !== "e") return "nothing";
  switch (kind) {
    case "struct":
      return "struct";
    case "date-time":
    case "micro-time":
      return null;
    case "quantity":
      return "0";
    case "int-or-string":
      return 0;
    case "duration":
      return "0s";
    default:
  }
  if (schema.format === "raw-extension") return null;
  if (presence === "e") return "nothing";
  if (kind === "list" || kind === "map" || kind === "byte" || kind === "any") return null;
  return kind === "string" ? "" : kind === "boolean" ? false : 0;
}

function goTypeOf(schema: Schema): string {
  if (schema.goType) return schema.goType;
  if (schema.name) return schema.name.split(".").slice(-2).join(".");
  if (schema.items) return `[]${goTypeOf(schema.items)}`;
  if (schema.values) return `map[string]${goTypeOf(schema.values)}`;
  switch (schema.type) {
    case "integer":
      return schema.format === "int32" ? "int32" : "int64";
    case "number":
      return "float64";
    case "boolean":
      return "bool";
    case "string":
      return schema.format === "byte" ? "[]uint8" : "string";
    default:
      return "interface {}";
  }
}
