/** Evaluating expressions about one request. */

import { jsonValue } from "@knarr/cel/json.ts";
import { EvaluationError, type Activation } from "@knarr/cel/program.ts";
import type { CelValue, Outcome } from "@knarr/cel/values.ts";
import type { AdmissionInput, AuthorizerInput } from "../admission-input.ts";
import { AuthorizerValue, Questions, Waiting } from "../libraries/authorizer.ts";
import { MATCH_CONDITIONS_BUDGET, PER_CALL_LIMIT, Budget } from "../limits.ts";
import type { AdmissionExpression } from "./compile.ts";
import { VariableValues } from "./variables.ts";

/** A value, or why there is none (`expression 'x' resulted in error: no such key: y`). */
export type AdmissionResult = { readonly value: CelValue } | { readonly error: string };

export class OutOfBudget extends Error {
  override readonly name = "OutOfBudget";

  constructor() {
    super("validation failed due to running out of cost budget, no further validation rules will be run");
  }
}

/**
 * Evaluates expressions in order on one budget; they share their variables, which are evaluated anew each time this is called.
 * Rejects with OutOfBudget when it does not suffice. It waits only for an authorizer that must be waited for.
 */
export async function evaluateAdmission(
  expressions: readonly AdmissionExpression[],
  input: AdmissionInput,
  budget: Budget,
): Promise<readonly AdmissionResult[]> {
  const run = { values: valuesOf(input, expressions[0]?.variables), budget };
  const results: AdmissionResult[] = [];
  for (const expression of expressions) results.push(await evaluateOne(expression, run));
  return results;
}

interface Run {
  readonly values: Values;
  readonly budget: Budget;
}

async function evaluateOne(compiled: AdmissionExpression, run: Run): Promise<AdmissionResult> {
  const { expression, error, program } = compiled;
  if (error) return { error: `compilation error: ${error.detail}` };
  for (;;) {
    try {
      const { value, cost } = program!.evaluate(run.values.activation, { budget: PER_CALL_LIMIT });
      charge(run, cost);
      return { value };
    } catch (problem) {
      if (problem instanceof Waiting) {
        await problem.answer;
        continue;
      }
      if (!(problem instanceof EvaluationError)) throw problem;
      charge(run, problem.cost);
      return { error: `expression '${expression}' resulted in error: ${problem.message}` };
    }
  }
}

function charge({ values, budget }: Run, cost: number): void {
  if (!budget.spend(values.variables?.takeCost() ?? 0) || !budget.spend(cost)) throw new OutOfBudget();
}

interface Values {
  readonly activation: Activation;
  readonly variables: VariableValues | undefined;
}

function valuesOf(input: AdmissionInput, composition: AdmissionExpression["variables"]): Values {
  const activation: Record<string, Outcome | undefined> = {
    object: jsonValue(input.object),
    oldObject: jsonValue(input.oldObject),
    request: jsonValue(input.request),
    namespaceObject: jsonValue(input.namespaceObject),
    params: jsonValue(input.params),
    ...(input.authorizer && authorizerValues(input.authorizer)),
  };
  const variables = composition && new VariableValues(composition.expressions, activation);
  if (variables) activation.variables = variables;
  return { activation, variables };
}

/** Answers are remembered as long as the request lives. */
const questions = new WeakMap<AuthorizerInput, Questions>();

function authorizerValues(input: AuthorizerInput): Record<string, Outcome> {
  const asked = questions.getOrInsertComputed(
    input,
    () => new Questions((attributes) => input.authorize(attributes)),
  );
  const authorizer = new AuthorizerValue(asked, input.user);
  return { authorizer, "authorizer.requestResource": authorizer.resource(input.request) };
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

/** A false condition wins over errors of others: then there is no match and no error. They see no `namespaceObject`. */
export async function matchConditions(
  conditions: readonly MatchCondition[],
  input: AdmissionInput,
): Promise<MatchResult> {
  const expressions = conditions.map(({ expression }) => expression);
  const { namespaceObject: _, ...seen } = input;
  try {
    const results = await evaluateAdmission(expressions, seen, new Budget(MATCH_CONDITIONS_BUDGET));
    const failed = results.findIndex((result) => "value" in result && result.value === false);
    if (failed >= 0) return { matches: false, failed: conditions[failed]!.name };
    const errors = new Set(results.flatMap((result) => ("error" in result ? [result.error] : [])));
    if (errors.size === 0) return { matches: true };
    const [first, ...more] = errors;
    return { matches: undefined, error: more.length === 0 ? first! : `[${[...errors].join(", ")}]` };
  } catch (error) {
    if (error instanceof OutOfBudget) return { matches: undefined, error: error.message };
    throw error;
  }
}
