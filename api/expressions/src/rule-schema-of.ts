/** Schemas of built-in kinds as rules see those of custom resources, for checking expressions against kinds that are known. */

import type { Schema } from "@knarr/schema/schema.ts";
import type { RuleSchema } from "./rule-schema.ts";

/** What has no type of one sort (quantities, open JSON) is not exposed. A definition inside of itself is an object with nothing known of it. */
export function ruleSchemaOf(schema: Schema, within: readonly string[] = []): RuleSchema {
  const { name, type, format } = schema;
  if (format === "int-or-string") return { "x-kubernetes-int-or-string": true };
  switch (type) {
    case "array":
      return { type, ...(schema.items && { items: ruleSchemaOf(schema.items, within) }) };
    case "object":
      if (name !== undefined && within.includes(name)) return { type };
      return objectSchemaOf(schema, name === undefined ? within : [...within, name]);
    case "string":
      return stringSchemaOf(format);
    case "any":
      return {};
    default:
      return { type };
  }
}

function objectSchemaOf({ properties, values, required }: Schema, within: readonly string[]): RuleSchema {
  if (values) return { type: "object", additionalProperties: ruleSchemaOf(values, within) };
  if (!properties) return { type: "object" };
  const fields = [...properties].map(([name, field]) => [name, ruleSchemaOf(field, within)]);
  return {
    type: "object",
    properties: Object.fromEntries(fields) as Record<string, RuleSchema>,
    ...(required && { required: [...required] }),
  };
}

function stringSchemaOf(format: string | undefined): RuleSchema {
  switch (format) {
    case "quantity":
      return {};
    case "date-time":
    case "micro-time":
      return { type: "string", format: "date-time" };
    case "byte":
      return { type: "string", format };
    default:
      return { type: "string" };
  }
}
