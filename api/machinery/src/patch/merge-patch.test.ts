/** JSON Merge Patch: the table of the RFC, and what is new. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { applyMergePatch } from "./merge-patch.ts";

// The table of RFC 7386, Appendix A, as far as documents are objects; then nulls inside what is new.
for (const [document, patch, want] of [
  [{ a: "b" }, { a: "c" }, { a: "c" }],
  [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
  [{ a: "b" }, { a: null }, {}],
  [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
  [{ a: ["b"] }, { a: "c" }, { a: "c" }],
  [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
  [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
  [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  [{ a: [1] }, { a: [{ b: null, c: 1 }, null] }, { a: [{ c: 1 }, null] }],
] as const) {
  test(`applyMergePatch(${JSON.stringify(document)}, ${JSON.stringify(patch)})`, () => {
    assert.deepEqual(applyMergePatch(document, patch), want);
  });
}

test("applyMergePatch refuses what is no object", () => {
  assert.throws(() => applyMergePatch({}, [1]), {
    code: 400,
    message:
      "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}",
  });
});
