/** Paths of rules and of selectable fields. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFieldPath } from "./field-path.ts";

const schema = {
  type: "object",
  properties: {
    spec: {
      type: "object",
      properties: {
        "a.b": { type: "string" },
        map: { type: "object", additionalProperties: { type: "integer" } },
        list: { type: "array", items: { type: "string" } },
      },
    },
  },
};

for (const [path, want] of [
  [".spec", ["spec"]],
  [".spec['a.b']", ["spec", "a.b"]],
  [".spec.map.key", ["spec", "map", ["key"]]],
  [".spec.map['it\\'s']", ["spec", "map", ["it's"]]],
  [".spec.nothing", "does not refer to a valid field"],
  [".spec.list[0]", "expected single quoted string but got 0"],
  [".spec.list['0']", "does not refer to a valid field"],
  ["spec", "expected [ or . but got: spec"],
  [".spec.", "unexpected end of JSON path"],
  [".spec['a.b'", "unexpected end of JSON path"],
  [".spec['a.b'x]", "expected ] but got x"],
  [".spec['\\q']", "invalid string literal: invalid escape char \\q"],
] as const)
  test(`parseFieldPath(${JSON.stringify(path)})`, () => {
    const found = parseFieldPath(path, schema);
    assert.deepEqual("error" in found ? found.error : found.steps, want);
  });

test("parseFieldPath gives the schema it found, and takes no keys where there are none", () => {
  const found = parseFieldPath(".spec.map.key", schema);
  assert.ok("schema" in found);
  assert.equal(found.schema.type, "integer");
  assert.deepEqual(parseFieldPath(".spec['a.b']", schema, { allowsKeys: false }), {
    error: "array notation is not allowed",
  });
});
