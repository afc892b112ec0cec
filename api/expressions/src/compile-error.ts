/** Why an expression cannot be used: what validation of the kinds that carry expressions quotes. */

import type { FieldErrors } from "@knarr/machinery/field.ts";

export interface CompileError {
  /** `invalid` is the author's mistake; `internal` becomes an internal error of the field. */
  readonly kind: "invalid" | "internal";
  /** `compilation failed: ERROR: <input>:1:1: …`, `must evaluate to bool but got string`, … */
  readonly detail: string;
}

/** Adds the finding at a field that holds `expression`. */
export function reportCompileError(error: CompileError, expression: string, errors: FieldErrors): void {
  if (error.kind === "invalid") errors.invalid(expression, error.detail);
  else errors.internal(error.detail);
}

/**
 * Which functions an expression may use. `new`: those that the oldest server of a cluster under upgrade knows, which is what
 * writers get; `stored`: all there are, for what is stored already and for evaluating.
 */
export type Age = "new" | "stored";
