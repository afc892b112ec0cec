/** The numbers of a scale subresource, which must be readable as such wherever the definition says they are. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { goType, goValue } from "@knarr/machinery/patch/go-print.ts";
import type { ScalePaths } from "./custom-schema.ts";

const MAX_INT32 = 2147483647;

export function validateScaleSpec(
  object: unknown,
  { specReplicasPath }: ScalePaths,
  errors: FieldErrors,
): void {
  validateReplicas(object, specReplicasPath, errors);
}

export function validateScaleStatus(object: unknown, paths: ScalePaths, errors: FieldErrors): void {
  validateReplicas(object, paths.statusReplicasPath, errors);
  const { labelSelectorPath } = paths;
  if (labelSelectorPath === undefined) return;
  const found = valueAt(object, labelSelectorPath, "string");
  if (found.problem) errors.at(labelSelectorPath).invalid("", found.problem);
}

function validateReplicas(object: unknown, path: string, errors: FieldErrors): void {
  const at = errors.at(path);
  const found = valueAt(object, path, "int64");
  const replicas = (found.value ?? 0) as number;
  if (found.problem) at.invalid(0, found.problem);
  else if (replicas < 0) at.invalid(replicas, "should be a non-negative integer");
  else if (replicas > MAX_INT32) at.invalid(replicas, `should be less than or equal to ${MAX_INT32}`);
}

/** What stands at a dotted path; nothing is no problem, another type is. */
function valueAt(object: unknown, path: string, wanted: string): { value?: unknown; problem?: string } {
  const steps = path.replace(/^\./, "").split(".");
  let value: unknown = object;
  for (const [index, step] of steps.entries()) {
    if (value === undefined || value === null) return {};
    if (typeof value !== "object" || Array.isArray(value)) {
      const here = steps.slice(0, index + 1).join(".");
      return {
        problem: `.${here} accessor error: ${goValue(value)} is of the type ${goType(value)}, expected map[string]interface{}`,
      };
    }
    value = Object.hasOwn(value, step) ? (value as Record<string, unknown>)[step] : undefined;
  }
  if (value === undefined || goType(value) === wanted) return { value };
  return {
    problem: `.${steps.join(".")} accessor error: ${goValue(value)} is of the type ${goType(value)}, expected ${wanted}`,
  };
}
