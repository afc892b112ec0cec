/** Expressions of webhooks and policies, compiled to see whether they can be. */

import { compileAdmission, type AdmissionOptions } from "@knarr/expressions/admission.ts";
import { reportCompileError } from "@knarr/expressions/compile-error.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";

/** Expressions that were stored already: they may use what an older server would not know. */
export type Known = ReadonlySet<string>;

export interface Compiling extends Omit<AdmissionOptions, "age"> {
  readonly known?: Known | undefined;
  /** The text with the space around it, where that is not compiled: it is what was stored. */
  readonly written?: string;
}

/** Adds what keeps `expression` from compiling. `errors` quote `shown`. */
export function compileInto(
  errors: FieldErrors,
  expression: string,
  { known, written = expression, ...options }: Compiling,
  shown = expression,
): void {
  const age = known?.has(written) ? "stored" : "new";
  const { error } = compileAdmission(expression, { ...options, age });
  if (error) reportCompileError(error, shown, errors);
}
