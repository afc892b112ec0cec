/** Conditions of the kinds of flow control: each has a type, and none the type of another. */

import type { FieldErrors } from "@knarr/machinery/field.ts";

export function validateConditionTypes(
  conditions: readonly { readonly type?: string }[] | undefined,
  errors: FieldErrors,
): void {
  const seen = new Set<string>();
  for (const [index, { type = "" }] of (conditions ?? []).entries()) {
    const at = errors.at(index).at("type");
    if (seen.has(type)) at.duplicate(type);
    seen.add(type);
    if (!type) at.required();
  }
}
