/** Printer columns and subresources of a custom resource: both say where in an object something is. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import type {
  CustomResourceColumnDefinition,
  CustomResourceSubresources,
} from "../../../generated/apiextensions-v1.ts";

const TYPES = ["boolean", "date", "integer", "number", "string"];
const FORMATS = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

export function validateColumns(
  columns: readonly CustomResourceColumnDefinition[] | undefined,
  errors: FieldErrors,
): void {
  for (const [i, column] of (columns ?? []).entries()) validateColumn(column, errors.at(i));
}

function validateColumn(
  { name, type, format, jsonPath }: CustomResourceColumnDefinition,
  errors: FieldErrors,
): void {
  if (!name) errors.at("name").required();
  const types = `must be one of ${TYPES.join(",")}`;
  if (!type) errors.at("type").required(types);
  else if (!TYPES.includes(type)) errors.at("type").invalid(type, types);
  if (format && !FORMATS.includes(format))
    errors.at("format").invalid(format, `must be one of ${FORMATS.join(",")}`);
  if (!jsonPath) errors.at("JSONPath").required();
  else checkPath(jsonPath, errors.at("JSONPath"));
}

/** False when it is no path at all. */
function checkPath(path: string, errors: FieldErrors): boolean {
  if (path.startsWith(".")) return true;
  errors.invalid(path, "must be a simple json path starting with .");
  return false;
}

export function validateSubresources(
  subresources: CustomResourceSubresources | undefined,
  errors: FieldErrors,
): void {
  const scale = subresources?.scale;
  if (!scale) return;
  for (const [field, part] of [
    ["specReplicasPath", ".spec"],
    ["statusReplicasPath", ".status"],
  ] as const) {
    const at = errors.at(`scale.${field}`);
    const path = scale[field];
    if (!path) at.required();
    else if (checkPath(path, at) && !path.startsWith(`${part}.`))
      at.invalid(path, `should be a json path under ${part}`);
  }
  const path = scale.labelSelectorPath;
  const at = errors.at("scale.labelSelectorPath");
  if (path && checkPath(path, at) && !/^\.(?:spec|status)\./.test(path))
    at.invalid(path, "should be a json path under either .spec or .status");
}
