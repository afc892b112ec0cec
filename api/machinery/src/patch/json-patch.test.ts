/** JSON Patch as kube-apiserver answers it, where that is the RFC and where it is not. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../status.ts";
import { applyJsonPatch } from "./json-patch.ts";

const document = Object.freeze({ a: Object.freeze({ b: 1 }), list: Object.freeze([1, 2, 3]), n: null });

for (const { name, patch, want } of [
  { name: "add sets a member", patch: [{ op: "add", path: "/a/c", value: 2 }], want: { a: { b: 1, c: 2 } } },
  { name: "add without a value adds null", patch: [{ op: "add", path: "/x" }], want: { x: null } },
  {
    name: "add inserts before an index",
    patch: [{ op: "add", path: "/list/1", value: 9 }],
    want: { list: [1, 9, 2, 3] },
  },
  {
    name: "add at - appends",
    patch: [{ op: "add", path: "/list/-", value: 9 }],
    want: { list: [1, 2, 3, 9] },
  },
  {
    name: "add at -1 appends, counted with the new item",
    patch: [{ op: "add", path: "/list/-1", value: 9 }],
    want: { list: [1, 2, 3, 9] },
  },
  {
    name: "remove at -1 takes the last",
    patch: [{ op: "remove", path: "/list/-1" }],
    want: { list: [1, 2] },
  },
  {
    name: "replace of a member that is not there adds it",
    patch: [{ op: "replace", path: "/a/z", value: 3 }],
    want: { a: { b: 1, z: 3 } },
  },
  { name: "replace of everything", patch: [{ op: "replace", path: "", value: { q: 1 } }], want: { q: 1 } },
  { name: "move", patch: [{ op: "move", from: "/a/b", path: "/m" }], want: { a: {}, m: 1 } },
  { name: "copy", patch: [{ op: "copy", from: "/a", path: "/d" }], want: { a: { b: 1 }, d: { b: 1 } } },
  {
    name: "copy of nothing",
    patch: [{ op: "copy", from: "/x", path: "/d" }],
    want: { a: { b: 1 }, d: null },
  },
  {
    name: "escapes",
    patch: [{ op: "add", path: "/a/x~1y~0z", value: 1 }],
    want: { a: { b: 1, "x/y~z": 1 } },
  },
  {
    name: "test of null passes for what is not there",
    patch: [{ op: "test", path: "/gone", value: null }],
    want: {},
  },
] as const) {
  test(`applyJsonPatch, ${name}`, () => {
    const result = applyJsonPatch(document, patch);
    for (const [key, value] of Object.entries(want)) assert.deepEqual(result[key], value);
  });
}

for (const { name, patch, why } of [
  {
    name: "a failed test",
    patch: [{ op: "test", path: "/a/b", value: 2 }],
    why: "testing value /a/b failed: test failed",
  },
  {
    name: "a missing path",
    patch: [{ op: "add", path: "/x/y", value: 2 }],
    why: 'add operation does not apply: doc is missing path: "/x/y": missing value',
  },
  {
    name: "a missing key",
    patch: [{ op: "remove", path: "/zz" }],
    why: "error in remove for path: '/zz': Unable to remove nonexistent key: zz: missing value",
  },
  {
    name: "an index past the end",
    patch: [{ op: "add", path: "/list/9", value: 1 }],
    why: "error in add for path: '/list/9': Unable to access invalid index: 9: invalid index referenced",
  },
  { name: "an unknown operation", patch: [{ op: "frob", path: "/a" }], why: "Unexpected kind: frob" },
] as const) {
  test(`applyJsonPatch refuses ${name} with 422`, () => {
    assert.throws(
      () => applyJsonPatch(document, patch),
      (err: unknown) => {
        assert.ok(err instanceof ApiError);
        assert.deepEqual(err.toJSON(), {
          kind: "Status",
          apiVersion: "v1",
          metadata: {},
          status: "Failure",
          message: "the server rejected our request due to an error in our request",
          reason: "Invalid",
          details: {},
          code: 422,
        });
        assert.equal((err.cause as Error).message, why);
        return true;
      },
    );
  });
}

test("applyJsonPatch refuses what is no patch with 400", () => {
  assert.throws(() => applyJsonPatch(document, { op: "add" }), {
    code: 400,
    message: "json: cannot unmarshal object into Go value of type jsonpatch.Patch",
  });
});

test("applyJsonPatch refuses more than 10,000 operations with 413", () => {
  const patch = Array.from({ length: 10_001 }, () => ({ op: "test", path: "/a/b", value: 1 }));
  assert.throws(() => applyJsonPatch(document, patch), { code: 413 });
});

test("applyJsonPatch shares nothing with the document, which may be frozen", () => {
  const result = applyJsonPatch(document, []);
  (result["list"] as number[]).push(4);
  assert.equal(document.list.length, 3);
});

test("applyJsonPatch ends copies of copies before they fill the memory", () => {
  const patch = Array.from({ length: 40 }, (_, i) => ({ op: "copy", from: "/data", path: `/data/c${i}` }));
  assert.throws(() => applyJsonPatch({ data: { x: "y".repeat(100) } }, patch), { code: 422 });
  const few = applyJsonPatch({ data: { x: "y" } }, patch.slice(0, 3));
  assert.deepEqual(Object.keys(few["data"] as object), ["x", "c0", "c1", "c2"]);
});

test("applyJsonPatch makes nothing deeper than a body may be", () => {
  const path = "/a".repeat(900);
  const parents = Array.from({ length: 900 }, (_, i) => ({ op: "add", path: "/a".repeat(i + 1), value: {} }));
  assert.throws(
    () =>
      applyJsonPatch({}, [
        ...parents,
        { op: "add", path: `${path}/b`, value: parents.reduce<object>((a) => ({ a }), {}) },
      ]),
    {
      code: 422,
    },
  );
});
