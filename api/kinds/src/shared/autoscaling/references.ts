/** References to objects of any kind by its name alone, as autoscalers have them. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { nameIsPathSegment } from "@knarr/machinery/names.ts";

import type { CrossVersionObjectReference } from "../../../generated/autoscaling-v2.ts";
import { reject } from "../values.ts";

/** Which apiVersions a reference may have: none at all where the core group is meant, any where it stands since before the rule. */
export interface References {
  readonly allowsCore?: boolean;
  readonly allowsAny?: boolean;
}

export function validateReference(
  reference: CrossVersionObjectReference | undefined,
  errors: FieldErrors,
  references: References,
): void {
  for (const field of ["kind", "name"] as const) {
    const value = reference?.[field];
    if (!value) errors.at(field).required();
    else reject(errors.at(field), value, nameIsPathSegment(value, { generateName: false }));
  }
  const problem = versionProblem(reference, references);
  if (problem) errors.at("apiVersion").invalid(reference?.apiVersion ?? "", problem);
}

export function versionProblem(
  reference: CrossVersionObjectReference | undefined,
  { allowsAny, allowsCore }: References,
): string | undefined {
  const version = reference?.apiVersion ?? "";
  if (allowsAny) return undefined;
  const parts = version.split("/");
  if (parts.length > 2) return `unexpected GroupVersion string: ${version}`;
  const hasGroup = parts.length === 2 && parts[0] !== "";
  return hasGroup || allowsCore ? undefined : "apiVersion must specify API group";
}
