/** Compiling expressions about requests. */

import { EvaluationError, type Program } from "@knarr/cel/program.ts";
import { BOOL, isExactly, NULL, STRING, typeText, type CelType } from "@knarr/cel/types.ts";
import type { Age, CompileError } from "../compile-error.ts";
import { Environments, type Seen } from "./environments.ts";
import { CONFIGURATION, OPERATIONS } from "./patch-types.ts";
import { VARIABLES, VariableTypes } from "./variables.ts";

/** What an expression must give. `patch`: a list of JSONPatch. `configuration`: an Object literal. */
export type Wanted = "bool" | "string" | "string-or-null" | "any" | "patch" | "configuration";

export interface AdmissionOptions {
  readonly wants: Wanted;
  readonly hasParams?: boolean;
  readonly hasAuthorizer?: boolean;
  /** `Object{…}`, `JSONPatch{…}` and `jsonpatch.escapeKey`. Default: as `wants` needs. */
  readonly hasPatchTypes?: boolean;
  /** Variables composed before; absent where there are none at all (match conditions of webhooks). */
  readonly variables?: Composition;
  /** Default: `stored`. All ages see the same in 1.36. */
  readonly age?: Age;
}

/** An expression that compiled or did not; either way it can be kept, and evaluated with an error. */
export interface AdmissionExpression {
  readonly expression: string;
  readonly error?: CompileError;
  readonly type?: CelType;
  /** Absent exactly when there is an error. */
  readonly program?: Program;
  /** What it was compiled with. */
  readonly variables?: Composition;
}

const RESULTS: Readonly<Record<Wanted, readonly CelType[]>> = {
  bool: [BOOL],
  string: [STRING],
  "string-or-null": [STRING, NULL],
  any: [],
  patch: [OPERATIONS],
  configuration: [CONFIGURATION],
};

const plainEnvironments = new Environments();

export function compileAdmission(expression: string, options: AdmissionOptions): AdmissionExpression {
  const { wants, variables } = options;
  const { hasPatchTypes = wants === "patch" || wants === "configuration" } = options;
  const environment = (variables?.environments ?? plainEnvironments).for({ ...options, hasPatchTypes });
  const compiled = environment.compile(expression);
  const result = { expression, ...(variables && { variables }) };
  if (!compiled.ok) {
    return { ...result, error: { kind: "invalid", detail: `compilation failed: ${compiled.message}` } };
  }
  const { type } = compiled;
  const wanted = RESULTS[wants];
  if (wanted.length > 0 && !wanted.some((one) => isExactly(one, type))) {
    return { ...result, error: { kind: "invalid", detail: mismatch(wanted, type) } };
  }
  try {
    return { ...result, type, program: compiled.program() };
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    return {
      ...result,
      error: { kind: "internal", detail: `program instantiation failed: ${error.message}` },
    };
  }
}

function mismatch(wanted: readonly CelType[], type: CelType): string {
  const names = wanted.map(typeText).join(" ");
  return `must evaluate to ${wanted.length === 1 ? names : `one of [${names}]`} but got ${typeText(type)}`;
}

/**
 * `spec.variables` of a policy: each may use those before it, and is evaluated when something wants it. A variable that does
 * not compile is there as `dyn` and fails who uses it.
 */
export class Composition {
  readonly #types = new VariableTypes();
  readonly #expressions = new Map<string, AdmissionExpression>();
  readonly environments = new Environments({ types: this.#types, variables: { variables: VARIABLES } });

  get expressions(): ReadonlyMap<string, AdmissionExpression> {
    return this.#expressions;
  }

  /** Returns what became of it, for validation to report. */
  add(name: string, expression: string, options: Seen & { readonly age?: Age }): AdmissionExpression {
    const compiled = compileAdmission(expression, { ...options, wants: "any", variables: this });
    this.#types.set(name, compiled.type);
    this.#expressions.set(name, compiled);
    return compiled;
  }
}
