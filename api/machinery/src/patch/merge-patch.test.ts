/** JSON Merge Patch: the table of the RFC, and what is new. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
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

const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(null, 1, "a", true),
    fc.array(tie("value"), { maxLength: 3 }),
    tie("object"),
  ),
  object: fc.dictionary(fc.constantFrom("a", "b", "c", "constructor"), tie("value"), {
    maxKeys: 4,
    noNullPrototype: true,
  }),
}));
const object = json["object"] as fc.Arbitrary<Record<string, unknown>>;

test("applyMergePatch twice is as once, changes nothing it was given, and leaves what the patch does not name", () => {
  fc.assert(
    fc.property(object, object, (document, patch) => {
      const given = JSON.stringify([document, patch]);
      const once = applyMergePatch(document, patch);
      assert.deepEqual(applyMergePatch(once, patch), once);
      assert.equal(JSON.stringify([document, patch]), given);
      for (const key of Object.keys(document))
        if (!Object.hasOwn(patch, key)) assert.deepEqual(once[key], document[key]);
      for (const key of Object.keys(patch)) assert.equal(Object.hasOwn(once, key), patch[key] !== null);
    }),
  );
});
