/** What is wrong with a configuration file is told by its field, all of it at once. */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DURATION,
  fields,
  FLAG,
  listOf,
  parseConfig,
  refuseFindings,
  TEXT,
  TEXTS,
  typedConfig,
} from "./config-file.ts";
import { FieldErrors, type FieldError } from "./field.ts";

const RULE = { users: TEXTS, level: TEXT, isStrict: FLAG, after: DURATION };
const format = {
  kinds: ["a.io/v1 Rules"],
  schema: fields({ rules: listOf(fields(RULE)), most: { type: "integer" } }),
};

function read(text: string, more: object = {}): unknown {
  const errors = new FieldErrors();
  const value = typedConfig(parseConfig(text, "the rules /r.yaml"), { ...format, ...more }, errors);
  refuseFindings(errors, "the rules /r.yaml");
  return value;
}

const head = "apiVersion: a.io/v1\nkind: Rules\n";

test("typedConfig leaves out what is null, and keeps the rest as it is", () => {
  assert.deepEqual(read(`${head}most: 3\nrules: [{users: [a, ~], level: ~, after: 1h, isStrict: yes}, ~]`), {
    ...{ apiVersion: "a.io/v1", kind: "Rules", most: 3 },
    rules: [{ users: ["a", ""], after: "1h", isStrict: true }, {}],
  });
});

for (const [what, text, says] of [
  [
    "values of other types",
    `${head}most: 1.5\nrules: [{users: 5, level: [a], after: soon}]`,
    "most: Invalid value: 1.5: must be a whole number; rules[0].users: Invalid value: 5: must be a list; " +
      'rules[0].level: Invalid value: ["a"]: must be text; rules[0].after: Invalid value: "soon": must be a duration, as 30s',
  ],
  [
    "fields that there are not",
    `${head}rules: [{user: a, "x\\n": 1}]`,
    "rules[0].user: Forbidden: there is no such field; there are users, level, isStrict, after; " +
      'rules[0]["x\\n"]: Forbidden: there is no such field; there are users, level, isStrict, after',
  ],
  [
    "another kind",
    "kind: Pod\nrules: 5",
    'kind: Unsupported value: "Pod": supported values: "a.io/v1 Rules"',
  ],
  ["no object", "- a", 'Invalid value: ["a"]: must be fields and values'],
] as const)
  test(`typedConfig refuses ${what}`, () => {
    assert.throws(() => read(text), { message: `Cannot use the rules /r.yaml: ${says}` });
  });

test("parseConfig refuses what is no YAML, and keys that stand twice", () => {
  assert.throws(() => read("a: [1"), /^Error: Cannot read the rules \/r\.yaml: /);
  assert.throws(
    () => read(`${head}most: 1\nmost: 2`),
    /Cannot read the rules .* key "most" already set in map/,
  );
});

test("typedConfig tells nothing of what is secret, and sets aside what may be ignored", () => {
  assert.throws(
    () => read(`${head}most: pass`, { isSecret: true }),
    /most: Invalid value: <omitted>: must be/,
  );
  const ignored: FieldError[] = [];
  read(`${head}other: 1`, { ignored });
  assert.deepEqual(parseConfig("a: 1\na: 2", "the rules", []), { a: 2 });
  assert.deepEqual(
    ignored.map(({ field }) => field),
    ["other"],
  );
});

test("refuseFindings keeps what it says short", () => {
  const fieldsOf = (count: number): string =>
    Array.from({ length: count }, (_, i) => `f${i}: ${"x".repeat(9000)}`).join("\n");
  assert.throws(
    () => read(head + fieldsOf(100)),
    ({ message }: Error) => message.endsWith("and 80 more") && message.length < 10_000,
  );
});
