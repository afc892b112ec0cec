/**
 * What upstream says of expressions, one a line in facts.jsonl: messages of its checker, types, results, what they cost and what they were
 * estimated at. Recorded from cel-go v0.26.0 in the environment of apiserver 1.36, by chance out of some 30,000 that agree.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { jsonValue } from "@knarr/cel/json.ts";
import { bindings } from "@knarr/cel/libraries/bindings.ts";
import { EvaluationError } from "@knarr/cel/program.ts";
import { show } from "@knarr/cel/show.ts";
import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  STRING,
  TIMESTAMP,
  typeText,
  UINT,
} from "@knarr/cel/types.ts";
import { kubernetesEnvironment } from "./environment.ts";
import { PER_CALL_LIMIT } from "./limits.ts";

interface Fact {
  readonly expression: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  /** It does not compile. */
  readonly error?: string;
  readonly type?: string;
  /** It cannot be planned. */
  readonly program?: string;
  /** It has no value. */
  readonly failure?: string;
  /** As Go prints it. */
  readonly value?: string;
  readonly cost?: number;
  readonly estimate?: readonly string[];
}

const environment = kubernetesEnvironment.extend({
  libraries: [bindings],
  variables: {
    x: DYN,
    i: INT,
    s: STRING,
    l: listOf(INT),
    ls: listOf(STRING),
    m: mapOf(STRING, INT),
    o: mapOf(STRING, DYN),
    b: BOOL,
    d: DOUBLE,
    t: TIMESTAMP,
    dur: DURATION,
    by: BYTES,
    u: UINT,
    "a.b.c": INT,
  },
});

function found({ expression, variables = {} }: Fact): Omit<Fact, "expression"> {
  const compiled = environment.compile(expression);
  if (!compiled.ok) return { error: compiled.message };
  const { min, max } = compiled.estimate({ size: () => undefined });
  const type = typeText(compiled.type);
  const estimate = [String(min), String(max)];
  try {
    const values = Object.entries(variables).map(([name, value]) => [name, jsonValue(value)]);
    const program = compiled.program();
    try {
      const { value, cost } = program.evaluate(Object.fromEntries(values), { budget: PER_CALL_LIMIT });
      return { type, value: show(value), cost, estimate };
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error;
      return { type, failure: error.message, cost: error.cost, estimate };
    }
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    return { type, program: error.message, cost: 0, estimate };
  }
}

test("expressions compile, evaluate and cost as upstream's do", () => {
  const lines = readFileSync(new URL("facts.jsonl", import.meta.url), "utf8")
    .trimEnd()
    .split("\n");
  assert.ok(lines.length > 300);
  for (const line of lines) {
    const { expression, variables, ...wanted } = JSON.parse(line) as Fact;
    const fact = { expression, ...(variables && { variables }) };
    assert.deepEqual(found(fact), wanted, expression);
  }
});
