/** Paths into objects, as printer columns write them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { JsonPath, printed } from "./json-path.ts";

const object = {
  metadata: { name: "a", annotations: { "x.io/y": "z" } },
  spec: {
    replicas: 3,
    on: true,
    none: null,
    list: [1, 2, 3, 4],
    parts: [
      { name: "p", n: 1 },
      { name: "q", n: 2 },
    ],
  },
  status: {
    conditions: [
      { type: "Ready", status: "True", reason: "All (good)" },
      { type: "Synced", status: "False" },
    ],
  },
};

for (const [path, found] of [
  [".metadata.name", ["a"]],
  [".metadata.annotations.x\\.io/y", ["z"]],
  [".metadata.annotations['x\\.io/y']", ["z"]],
  [".spec.none", [null]],
  [".spec.nope.at.all", []],
  [".spec.list[0]", [1]],
  [".spec.list[-1]", [4]],
  [".spec.list[1:3]", [2, 3]],
  [".spec.list[::2]", [1, 3]],
  [".spec.list[0,2]", [1, 3]],
  [".spec.list[*]", [1, 2, 3, 4]],
  [".spec.parts[*].name", ["p", "q"]],
  [".spec.parts[?(@.n>1)].name", ["q"]],
  ['.status.conditions[?(@.type=="Ready")].status', ["True"]],
  [".status.conditions[?(@.type=='Ready')].status", ["True"]],
  ['.status.conditions[?(@.reason=="All (good)")].type', ["Ready"]],
  [".status.conditions[?(@.reason)].type", ["Ready"]],
  ['.status.conditions[?(@.type!="Ready")].type', ["Synced"]],
  ["..n", [1, 2]],
  ["$.spec.on", [true]],
] as const) {
  test(`JsonPath ${path}`, () => assert.deepEqual(new JsonPath(path).find(object), found));
}

for (const [path, says] of [
  [".a[", "unterminated array"],
  [".a[x]", "invalid array index x"],
  [".a[?(@.b==1]", "unterminated filter"],
  ["..", undefined],
  ["....a", "invalid multiple recursive descent"],
  [".a#", undefined],
  ["#", "unrecognized character in action: U+0023 '#'"],
] as const) {
  test(`JsonPath reads ${path} as upstream does`, () => {
    if (says === undefined) assert.ok(new JsonPath(path));
    else assert.throws(() => new JsonPath(path), { name: "SyntaxError", message: says });
  });
}

test("JsonPath.find throws where a step cannot be taken, JsonPath.first finds nothing there", () => {
  for (const path of [".spec.replicas[0]", ".spec.list[9]", ".spec.parts[?(@.n>'x')]"]) {
    assert.throws(() => new JsonPath(path).find(object), path);
    assert.equal(new JsonPath(path).first(object), undefined);
  }
});

test("printed writes texts as they are and the rest as Go does", () => {
  assert.equal(printed("a b"), "a b");
  assert.equal(printed(true), "true");
  assert.equal(printed(1.5), "1.5");
  assert.equal(printed({ b: 1, a: ["<x>"] }), '{"a":["\\u003cx\\u003e"],"b":1}');
  assert.equal(printed(null), "<no value>");
});
