/** Fields of a custom resource that field selectors may name. */

import { parseFieldPath } from "@knarr/expressions/field-path.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";
import type { JsonSchemaProps } from "@knarr/structural/json-schema-props.ts";
import type { SelectableField } from "../../../generated/apiextensions-v1.ts";

export const MOST_SELECTABLE_FIELDS = 8;
const TYPES = ["string", "boolean", "integer"];

export function validateSelectableFields(
  fields: readonly SelectableField[],
  schema: JsonSchemaProps,
  { allowsTooMany, errors }: { readonly allowsTooMany: boolean; readonly errors: FieldErrors },
): void {
  const seen = new Set<string>();
  for (const [i, { jsonPath = "" }] of fields.entries()) {
    const at = errors.at(i).at("jsonPath");
    if (!jsonPath) {
      at.required();
      continue;
    }
    const found = parseFieldPath(jsonPath, schema, { allowsKeys: false });
    if ("error" in found) {
      at.invalid(jsonPath, `is an invalid path: ${found.error}`);
      continue;
    }
    const [first] = found.steps;
    if (first === "metadata") at.invalid(jsonPath, "must not point to fields in metadata");
    if (!TYPES.includes(found.schema.type ?? ""))
      at.invalid(
        jsonPath,
        "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.",
      );
    const path = JSON.stringify(found.steps);
    if (seen.has(path)) at.duplicate(jsonPath);
    seen.add(path);
  }
  if (seen.size > MOST_SELECTABLE_FIELDS && !allowsTooMany) errors.tooMany(seen.size, MOST_SELECTABLE_FIELDS);
}
