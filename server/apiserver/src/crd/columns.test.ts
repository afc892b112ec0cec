/** Columns print values as their type says, and nothing for others. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { columnsOf } from "./columns.ts";

const object = {
  metadata: { name: "a", creationTimestamp: "2026-01-01T00:00:00Z" },
  spec: { text: "t", whole: 3, half: 1.5, on: true, list: [1, "<"], none: null },
  status: { conditions: [{ type: "Ready", status: "True" }] },
};
const now = Date.parse("2026-01-01T00:02:03Z");

for (const [type, jsonPath, cell] of [
  ["string", ".spec.text", "t"],
  ["string", ".spec.whole", "3"],
  ["string", ".spec.list", '[1,"\\u003c"]'],
  ["string", ".spec.nope", undefined],
  ["string", '.status.conditions[?(@.type=="Ready")].status', "True"],
  ["integer", ".spec.whole", 3],
  ["integer", ".spec.half", 1],
  ["integer", ".spec.text", undefined],
  ["number", ".spec.half", 1.5],
  ["boolean", ".spec.on", true],
  ["boolean", ".spec.text", undefined],
  ["date", ".metadata.creationTimestamp", "2m3s"],
  ["date", ".spec.text", "<invalid>"],
  ["date", ".spec.none", undefined],
] as const) {
  test(`a column of type ${type} at ${jsonPath} shows ${cell}`, () => {
    const [, column] = columnsOf([{ name: "X", type, jsonPath }]);
    assert.equal(column!.value(object, now), cell);
  });
}

test("columnsOf shows the age when nothing is asked for, and nothing from a path on that is none", () => {
  assert.deepEqual(
    columnsOf().map(({ name }) => name),
    ["Name", "Age"],
  );
  const bad = { name: "B", type: "string", jsonPath: ".a[" };
  assert.deepEqual(
    columnsOf([bad, { ...bad, jsonPath: ".a" }]).map(({ name }) => name),
    ["Name"],
  );
});
