/**
 * Expressions about requests: match conditions of webhooks and policies, and all that admission policies say in CEL.
 *
 * They see `object`, `oldObject`, `request`, `namespaceObject` and, as their place has it, `params`, `authorizer` (with
 * `authorizer.requestResource`) and `variables`. Objects are plain JSON and are read as they are.
 */

import type { CelValue } from "@knarr/cel/values.ts";
import type { AdmissionInput } from "./admission-input.ts";
import type { CelType } from "@knarr/cel/types.ts";
import type { Age, CompileError } from "./compile-error.ts";
import type { Budget } from "./limits.ts";

export type {
  AdmissionInput,
  AuthorizerAttributes,
  AuthorizerDecision,
  AuthorizerInput,
} from "./admission-input.ts";

/** What an expression must give. `patch`: a list of JSONPatch. `configuration`: an Object literal. */
export type Wanted = "bool" | "string" | "string-or-null" | "any" | "patch" | "configuration";

export interface AdmissionOptions {
  readonly wants: Wanted;
  readonly hasParams?: boolean;
  readonly hasAuthorizer?: boolean;
  /** `Object{…}`, `JSONPatch{…}` and `jsonpatch.escapeKey`. Default: as `wants` needs. */
  readonly hasPatchTypes?: boolean;
  /** Variables composed before; absent where there are none at all (match conditions). */
  readonly variables?: Composition;
  /** Default: `stored`. */
  readonly age?: Age;
}

/** An expression that compiled or did not; either way it can be kept, and evaluated with an error. */
export interface AdmissionExpression {
  readonly expression: string;
  readonly error?: CompileError;
  readonly type?: CelType;
}

export function compileAdmission(expression: string, options: AdmissionOptions): AdmissionExpression {
  void options;
  throw new Error(`Cannot compile ${JSON.stringify(expression)}: admission expressions are not there yet`);
}

/**
 * `spec.variables` of a policy: each may use those before it, and is evaluated at most once for each request, when something
 * wants it. A variable that does not compile is there as `dyn` and fails who uses it.
 */
export class Composition {
  /** Returns what became of it, for validation to report. */
  add(
    name: string,
    expression: string,
    options: Omit<AdmissionOptions, "wants" | "variables">,
  ): AdmissionExpression {
    void [name, options];
    throw new Error(`Cannot compile ${JSON.stringify(expression)}: admission expressions are not there yet`);
  }
}

/** A value, or why there is none (`expression 'x' resulted in error: no such key: y`). */
export type AdmissionResult = { readonly value: CelValue } | { readonly error: string };

/**
 * Evaluates expressions in order on one budget. Rejects with OutOfBudget when it does not suffice. It waits only for an
 * authorizer that must be waited for.
 */
export async function evaluateAdmission(
  expressions: readonly AdmissionExpression[],
  input: AdmissionInput,
  budget: Budget,
): Promise<readonly AdmissionResult[]> {
  void [expressions, input, budget];
  throw new Error("Cannot evaluate: admission expressions are not there yet");
}

export class OutOfBudget extends Error {
  override readonly name = "OutOfBudget";

  constructor() {
    super("validation failed due to running out of cost budget, no further validation rules will be run");
  }
}

/** A match condition that is ready. */
export interface MatchCondition {
  readonly name: string;
  readonly expression: AdmissionExpression;
}

/** `failed` names the condition that was false; `error` goes with neither and is the failure policy's matter. */
export type MatchResult =
  | { readonly matches: true }
  | { readonly matches: false; readonly failed: string }
  | { readonly matches: undefined; readonly error: string };

/** A false condition wins over errors of others: then there is no match and no error. */
export async function matchConditions(
  conditions: readonly MatchCondition[],
  input: AdmissionInput,
): Promise<MatchResult> {
  void [conditions, input];
  throw new Error("Cannot match: admission expressions are not there yet");
}
