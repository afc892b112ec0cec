/** Expressions from text to value: what compiles, what it says when it does not, what evaluating gives and costs. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Environment, type Compiled } from "./environment.ts";
import { jsonValue } from "./json.ts";
import { optionals } from "./libraries/optionals.ts";
import { standard } from "./libraries/standard.ts";
import { BudgetExceeded, EvaluationError } from "./program.ts";
import { DYN, INT, listOf, typeText } from "./types.ts";
import { Double } from "./values.ts";

const environment = new Environment({
  libraries: [standard, optionals],
  variables: { x: DYN, i: INT, numbers: listOf(INT) },
  settings: { optionals: true, crossTypeComparisons: true },
});

function compiled(expression: string): Compiled {
  const result = environment.compile(expression);
  assert.ok(result.ok, result.ok ? "" : result.message);
  return result;
}

function evaluated(expression: string, variables: Record<string, unknown> = {}): unknown {
  const values = Object.entries(variables).map(([name, raw]) => [name, jsonValue(raw)]);
  return compiled(expression).program().evaluate(Object.fromEntries(values)).value;
}

function failure(expression: string, variables: Record<string, unknown> = {}): string {
  try {
    evaluated(expression, variables);
  } catch (error) {
    assert.ok(error instanceof EvaluationError, String(error));
    return error.message;
  }
  return "none";
}

test("Environment computes ints exactly, and says when 64 bits do not hold them", () => {
  assert.equal(evaluated("i * i - 1", { i: 3 }), 8);
  assert.equal(evaluated("9007199254740993 + i", { i: 2 }), 9007199254740995n);
  assert.equal(evaluated("9007199254740993 - i", { i: 9007199254740000 }), 993);
  assert.equal(failure("i * 4 * i", { i: 4000000000 }), "integer overflow");
  assert.equal(failure("i / 0", { i: 1 }), "division by zero");
  assert.deepEqual(evaluated("1.5 * 2.0"), new Double(3));
});

test("Environment reads plain JSON where the expression looks", () => {
  const x = Object.freeze({ spec: { ports: [{ name: "a", port: 80 }] }, gone: null });
  assert.equal(evaluated("x.spec.ports[0].port + 1", { x }), 81);
  assert.equal(evaluated("has(x.spec.none) || x.spec.ports.exists(p, p.name == 'a')", { x }), true);
  assert.equal(evaluated("x.gone == null", { x }), true);
  assert.equal(failure("x.spec.none.deeper", { x }), "no such key: none");
  assert.equal(failure("x.spec.ports[3]", { x }), "index out of bounds: 3");
});

test("Environment lets one side of a choice make up for a failure of the other", () => {
  assert.equal(evaluated("1 / i > 0 || true", { i: 0 }), true);
  assert.equal(evaluated("1 / i > 0 && false", { i: 0 }), false);
  assert.equal(failure("1 / i > 0 || false", { i: 0 }), "division by zero");
  assert.equal(evaluated("numbers.exists(n, 6 / n == 3)", { numbers: [0, 2] }), true);
});

test("Environment says what does not check where it stands", () => {
  const result = environment.compile("numbers.all(n,\n  n > 'a') && y");
  assert.ok(!result.ok);
  assert.equal(
    result.message,
    "ERROR: <input>:2:5: found no matching overload for '_>_' applied to '(int, string)'\n" +
      " |   n > 'a') && y\n | ....^\n" +
      "ERROR: <input>:2:15: undeclared reference to 'y' (in container '')\n" +
      " |   n > 'a') && y\n | ..............^",
  );
});

test("Environment gives types, and the variables that are named", () => {
  assert.equal(typeText(compiled("numbers.map(n, {'k': [n]})").type), "list(map(string, list(int)))");
  assert.equal(typeText(compiled("x.?a").type), "optional_type(dyn)");
  assert.deepEqual(compiled("numbers.all(n, n > i)").references, new Set(["numbers", "n", "i", "@result"]));
});

test("Program stops when the budget is spent", () => {
  const program = compiled("numbers.all(n, numbers.all(m, n * m >= 0))").program();
  const numbers = jsonValue(Array.from({ length: 100 }, (_, index) => index));
  assert.ok(program.evaluate({ numbers }).cost > 10_000);
  assert.throws(() => program.evaluate({ numbers }, { budget: 500 }), BudgetExceeded);
});

test("Compiled estimates from the sizes it is told", () => {
  const { estimate } = compiled("numbers.all(n, n > 0)");
  assert.equal(estimate({ size: () => undefined }).max, 2n ** 64n - 1n);
  const size = { min: 0n, max: 10n };
  const sized = estimate({ size: ({ path }) => (path?.join(".") === "numbers" ? size : undefined) });
  assert.deepEqual(sized, { min: 2n, max: 52n });
});

test("Compiled refuses constants that cannot be made when it becomes a program", () => {
  assert.throws(() => compiled("int('a')").program(), /type conversion error from 'string' to 'int'/);
  assert.throws(
    () => compiled("'a'.matches('[')").program(),
    /error parsing regexp: missing closing ]: `\[`/,
  );
});
