/** Rules of custom resources against values: what they see, what they say, and what they may cost. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FieldErrors } from "@knarr/machinery/field.ts";
import { Budget } from "./limits.ts";
import type { RuleSchema, ValidationRule } from "./rule-schema.ts";
import { maxCardinality, NodeRules, parseFieldPath, ruleTypeOf } from "./rules.ts";

const text: RuleSchema = { type: "string" };
const schema: RuleSchema = {
  type: "object",
  properties: {
    name: { type: "string", maxLength: 10 },
    replicas: { type: "integer" },
    port: { "x-kubernetes-int-or-string": true },
    since: { type: "string", format: "date-time" },
    "a-b": text,
    tags: {
      type: "array",
      items: { type: "string", maxLength: 5 },
      maxItems: 4,
      "x-kubernetes-list-type": "set",
    },
    rows: {
      type: "array",
      items: { type: "object", properties: { key: text, value: text } },
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["key"],
    },
    labels: { type: "object", additionalProperties: text },
  },
};

function findings(rule: string | ValidationRule, value: unknown, previous?: unknown): string[] {
  const rules = new NodeRules(schema, [typeof rule === "string" ? { rule } : rule]);
  const errors = new FieldErrors("spec");
  rules.check(value, previous, { errors, budget: new Budget(10_000_000) });
  return errors.list.map(({ field, message }) => `${field}: ${message}`);
}

function compiled(rule: string | ValidationRule) {
  return new NodeRules(schema, [typeof rule === "string" ? { rule } : rule]).compiled[0]!;
}

test("NodeRules read values by their schema", () => {
  const value = {
    name: "x",
    port: "http",
    since: "2020-01-02T03:04:05Z",
    "a-b": "dash",
    tags: ["a", "b"],
    rows: [
      { key: "p", value: "1" },
      { key: "q", value: "2" },
    ],
    labels: { "x/y": "z" },
  };
  const rules = [
    "self.port == 'http' && type(self.port) == string",
    "self.since.getFullYear() == 2020",
    "self.a__dash__b == 'dash'",
    "self.tags == ['b', 'a']",
    "self.tags + ['c', 'a'] == ['c', 'b', 'a']",
    "self.rows == [self.rows[1], self.rows[0]]",
    "self.labels['x/y'] == 'z' && !has(self.replicas)",
  ];
  for (const rule of rules) assert.deepEqual(findings(rule, value), [], rule);
});

test("NodeRules report in the words and at the place that the rule says", () => {
  assert.deepEqual(findings("self.replicas < 3", { replicas: 3 }), [
    "spec: Invalid value: failed rule: self.replicas < 3",
  ]);
  const rule = { rule: "false", messageExpression: "'not ' + self.name", fieldPath: ".labels['k']" };
  assert.deepEqual(findings(rule, { name: "x" }), ["spec.labels[k]: Invalid value: not x"]);
  const forbidden = { rule: "false", message: " no ", reason: "FieldValueForbidden" };
  assert.deepEqual(findings(forbidden, {}), ["spec: Forbidden: no"]);
  assert.deepEqual(findings("self.replicas > 1", {}), [
    'spec: Invalid value: "object": no such key: replicas evaluating rule: self.replicas > 1',
  ]);
});

test("NodeRules wait for an old value, unless the rule says that it may be missing", () => {
  const rule = "self.replicas >= oldSelf.replicas";
  assert.deepEqual(findings(rule, { replicas: 1 }), []);
  assert.equal(findings(rule, { replicas: 1 }, { replicas: 2 }).length, 1);
  const optional = { rule: "oldSelf.?replicas.orValue(9) <= self.replicas", optionalOldSelf: true };
  assert.equal(findings(optional, { replicas: 1 }).length, 1);
  assert.deepEqual(findings(optional, { replicas: 3 }, { replicas: 2 }), []);
});

test("NodeRules take findings of unchanged values elsewhere, but not those about the change", () => {
  const errors = new FieldErrors("spec");
  const warnings = new FieldErrors("spec", []);
  const rules = new NodeRules(schema, [{ rule: "false" }, { rule: "oldSelf.replicas != self.replicas" }]);
  const run = { errors, budget: new Budget(1000), ratcheted: () => warnings };
  rules.check({ replicas: 1 }, { replicas: 1 }, run);
  assert.deepEqual([errors.list.length, warnings.list.length], [1, 1]);
});

test("NodeRules stop when the budget is spent", () => {
  const rule = "self.tags.all(a, self.tags.all(b, a != 'z' || b != 'z'))";
  const errors = new FieldErrors("spec");
  const budget = new Budget(20);
  new NodeRules(schema, [{ rule }, { rule: "false" }]).check({ tags: ["a", "b", "c"] }, undefined, {
    errors,
    budget,
  });
  assert.ok(budget.isExhausted);
  assert.deepEqual(
    errors.list.map(({ message }) => message),
    [
      'Invalid value: "object": validation failed due to running out of cost budget, no further validation rules will be run',
    ],
  );
});

test("CompiledRule says what is wrong, and what it costs at worst", () => {
  assert.match(
    compiled("self.nope").error!.detail,
    /^compilation failed: ERROR: <input>:1:5: undefined field 'nope'/,
  );
  assert.equal(compiled("self.name").error!.detail, "cel expression must evaluate to a bool");
  const message = compiled({ rule: "true", messageExpression: "1" }).messageExpressionError;
  assert.equal(message!.detail, "messageExpression must evaluate to a string");
  assert.equal(compiled("self.tags.all(t, t.contains('ab'))").maxCost, 27n);
  assert.equal(compiled("self.rows.exists(r, r.key == 'a')").maxCost, 7340028n);
  assert.equal(compiled("oldSelf == self").usesOldSelf, true);
});

test("ruleTypeOf leaves out what says nothing of its type", () => {
  assert.equal(ruleTypeOf({ "x-kubernetes-preserve-unknown-fields": true }), undefined);
  assert.equal(ruleTypeOf({ type: "array", items: {} }), undefined);
  const root = ruleTypeOf(schema, { isResourceRoot: true })!;
  assert.deepEqual([...root.fields!.get("metadata")!.fields!.keys()], ["name", "generateName"]);
  assert.equal(maxCardinality(root), 1048576n);
});

test("parseFieldPath follows the schema", () => {
  const steps = (path: string): unknown => {
    const parsed = parseFieldPath(path, schema);
    return "error" in parsed ? parsed.error : parsed.steps;
  };
  assert.deepEqual(steps(".labels['a.b']"), ["labels", ["a.b"]]);
  assert.deepEqual(steps("['name']"), ["name"]);
  assert.equal(steps("name"), "expected [ or . but got: name");
  assert.equal(steps(".nope"), "does not refer to a valid field");
  assert.equal(steps(".labels['a"), "expected single quoted string but got 'a");
});
