/** Values against their schema, told in the words of the API. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import type { Correlation } from "./correlation.ts";
import type { Finding } from "./validation/finding.ts";
import { forgiving, type Validator } from "./validation/validator.ts";

/** Upstream's name for no field in particular, where it was not told where it stands. */
export const NOWHERE = "<nil>";

/**
 * Adds what is wrong with `value`. `errors` stands where the value does: at the root of an object, findings about the
 * object as a whole are about no field. What did not change since `before` is forgiven.
 */
export function validateValue(
  value: unknown,
  validator: Validator,
  errors: FieldErrors,
  before?: Correlation,
): void {
  if (validator.isValid(value)) return;
  const found = forgiving(validator, value, "", before);
  const root = errors.path === "" ? errors.at(NOWHERE) : errors;
  for (const finding of found.list) finding.tell(placeOf(finding, errors, root));
}

function placeOf({ path }: Finding, errors: FieldErrors, root: FieldErrors): FieldErrors {
  return path === undefined || path === "" || path === "." ? root : errors.at(path.replace(/^\./, ""));
}
