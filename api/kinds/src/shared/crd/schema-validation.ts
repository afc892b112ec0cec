/** The schema of a version: structural, with sound defaults, fit for a status subresource where there is one. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { structuralErrors, structuralProblem } from "@knarr/structural/structural-errors.ts";
import { structuralOf } from "@knarr/structural/structural.ts";
import { validateDefaults } from "@knarr/structural/validate-defaults.ts";
import type { JsonSchemaProps } from "@knarr/structural/json-schema-props.ts";
import { internalSchema } from "./internal-form.ts";
import type { SchemaPart } from "./hoisted.ts";
import type { Leniency } from "./leniency.ts";
import { RuleCosts } from "./rule-checks.ts";
import { validateSchemaNode } from "./schema-rules.ts";

export interface SchemaContext {
  readonly lenient: Leniency;
  readonly requiresStructural: boolean;
  readonly hasStatus: boolean;
  /** Whose schema it is; the first one's, when it is that of all. */
  readonly version: string;
}

export function validateSchema(
  validation: SchemaPart | undefined,
  { lenient, requiresStructural, hasStatus, version }: SchemaContext,
  errors: FieldErrors,
): void {
  const schema = validation?.openAPIV3Schema;
  if (!schema) return;
  const before = errors.list.length;
  const at = errors.at("openAPIV3Schema");
  if (hasStatus) validateRootForStatus(schema, errors);
  if (schema.nullable) errors.at("openAPIV3Schema.nullable").forbidden("nullable cannot be true at the root");
  const problem = requiresStructural ? structuralProblem(schema) : undefined;
  const isSound =
    requiresStructural && problem === undefined && isStructuralWithDefaults(schema, lenient, at);
  const costs = new RuleCosts({ allowsExpensive: lenient.unchangedSchemas.has(version) });
  const rules = isSound ? { costs, isRoot: true, cardinality: 1n } : undefined;
  validateSchemaNode(schema, { lenient, isRoot: true, rules }, at);
  costs.report(at);
  if (problem !== undefined && errors.list.length === before) at.invalid("", problem);
}

function isStructuralWithDefaults(schema: JsonSchemaProps, lenient: Leniency, errors: FieldErrors): boolean {
  const before = errors.list.length;
  structuralErrors(schema, errors);
  if (errors.list.length === before)
    validateDefaults(structuralOf(schema), errors, { requiresPruned: !lenient.unprunedDefaults });
  return errors.list.length === before;
}

const ALLOWED_AT_ROOT = [
  "Description",
  "Type",
  "Format",
  "Title",
  "Maximum",
  "ExclusiveMaximum",
  "Minimum",
  "ExclusiveMinimum",
  "MaxLength",
  "MinLength",
  "Pattern",
  "MaxItems",
  "MinItems",
  "UniqueItems",
  "MultipleOf",
  "Required",
  "Items",
  "Properties",
  "ExternalDocs",
  "Example",
  "XPreserveUnknownFields",
  "XValidations",
];

/** Status is checked by its own part of the schema alone, so nothing at the root may say more of it. The first fault is told. */
function validateRootForStatus(schema: JsonSchemaProps, errors: FieldErrors): void {
  const internal = internalSchema(schema) as Record<string, unknown>;
  for (const [field, value] of Object.entries(internal)) {
    if (value === null || value === "" || value === false) continue;
    if (field === "Type" && value !== "object")
      return errors
        .at("openAPIV3Schema.type")
        .invalid(
          value,
          'only "object" is allowed as the type at the root of the schema if the status subresource is enabled',
        );
    if (!ALLOWED_AT_ROOT.includes(field))
      return errors
        .at("openAPIV3Schema")
        .invalid(
          internal,
          `only [${ALLOWED_AT_ROOT.join(" ")}] fields are allowed at the root of the schema if the status subresource is enabled`,
        );
  }
}
