/** Expressions of every sort, compiled and evaluated: they come to a value, or to an error of CEL's own, and never cost much more than they may. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonValue } from "@knarr/cel/json.ts";
import { EvaluationError, type Program } from "@knarr/cel/program.ts";
import { DYN } from "@knarr/cel/types.ts";
import { kubernetesEnvironment } from "@knarr/expressions/environment.ts";
import { conditionOf, dynamicOf, expressionOf } from "./expressions.ts";
import { Random } from "./random.ts";

const environment = kubernetesEnvironment.extend({ variables: { self: DYN, oldSelf: DYN } });
const random = new Random(37);
const values = {
  self: jsonValue({ a: "text", b: 5, items: [1, "b", { a: 1.5 }], spec: { name: "x", labels: { a: "b" } } }),
  oldSelf: jsonValue({ a: [], size: null }),
};
const BUDGET = 10_000;

/** Undefined when the checker refuses it, or planning finds that it has no value. */
function planned(expression: string): Program | undefined {
  const compiled = environment.compile(expression);
  if (!compiled.ok) return undefined;
  return valueOrError(() => compiled.program());
}

/** Undefined for errors of CEL's; all others are thrown. */
function valueOrError<T>(evaluate: () => T): T | undefined {
  try {
    return evaluate();
  } catch (err) {
    if (err instanceof EvaluationError) return undefined;
    throw err;
  }
}

const sorts: readonly (readonly [name: string, make: () => string, least: number])[] = [
  ["anything", () => expressionOf(random), 25],
  ["what passes the checker", () => dynamicOf(random, ["self", "oldSelf"]), 200],
  ["conditions", () => conditionOf(random, ["self", "oldSelf"]), 200],
];

for (const [name, make, least] of sorts) {
  test(`evaluating ${name} gives a value or an error of CEL's, always the same, in bounds`, () => {
    let evaluated = 0;
    for (let i = 0; i < 800; i++) {
      const expression = make();
      const program = planned(expression);
      if (!program) continue;
      const cost = (): number => {
        try {
          const { cost } = program.evaluate(values, { budget: BUDGET });
          assert.ok(cost <= BUDGET, `${expression} cost ${cost}`);
          return cost;
        } catch (err) {
          if (err instanceof EvaluationError) return err.cost;
          throw new Error(`${expression}: ${(err as Error).stack}`, { cause: err });
        }
      };
      const first = cost();
      assert.equal(cost(), first, expression);
      evaluated++;
    }
    assert.ok(evaluated > least, `only ${evaluated} could be evaluated`);
  });
}
