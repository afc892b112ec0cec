/** Small checks that many kinds make of single values, each worded as upstream words it. */

import type { FieldErrors } from "@knarr/machinery/field.ts";

/** Adds one finding for each thing wrong with `value`. */
export function reject(errors: FieldErrors, value: unknown, problems: readonly string[]): void {
  for (const problem of problems) errors.invalid(value, problem);
}

/** `value` must be one of `supported`; `""` and absent are "required". */
export function requireOneOf(
  errors: FieldErrors,
  value: string | undefined,
  supported: readonly string[],
): void {
  if (!value) errors.required();
  else if (!supported.includes(value)) errors.notSupported(value, supported);
}

/** `value`, which may be absent, must be one of `supported`. */
export function checkOneOf(
  errors: FieldErrors,
  value: string | undefined | null,
  supported: readonly string[],
): void {
  if (value != null && !supported.includes(value)) errors.notSupported(value, supported);
}

export function requireText(errors: FieldErrors, value: string | undefined | null): void {
  if (!value) errors.required();
}

export function checkNotNegative(errors: FieldErrors, value: number | undefined | null): void {
  if (value != null && value < 0) errors.invalid(value, "must be greater than or equal to 0");
}

export function checkPositive(errors: FieldErrors, value: number | undefined): void {
  if (!value || value <= 0) errors.invalid(value ?? 0, "must be greater than zero");
}

const decimal = /^(0|-?[1-9][0-9]*)$/;

/** Whole numbers written as text. */
export function decimalProblems(text: string): readonly string[] {
  if (!text) return ["must be non-empty"];
  return decimal.test(text) ? [] : ["must be a valid decimal integer in canonical form"];
}
