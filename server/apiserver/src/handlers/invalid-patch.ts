/** The 422 for a patch that leads to no object of the kind. Upstream names no kind in it. */

import { FieldErrors } from "@knarr/machinery/field.ts";
import { ApiError } from "@knarr/machinery/status.ts";

export function invalidPatch(value: string, why: string): ApiError {
  const errors = new FieldErrors();
  errors.at("patch").invalid(value, why);
  const [finding] = errors.list;
  const message = ` "" is invalid: ${finding!.field}: ${finding!.message}`;
  return new ApiError("Invalid", message, { causes: errors.list });
}
