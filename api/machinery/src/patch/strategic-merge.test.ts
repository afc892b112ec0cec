/** Strategic merge patches over a schema of each kind of list, every directive, and what is refused. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Schema } from "@knarr/schema/schema.ts";
import { applyStrategicMergePatch } from "./strategic-merge.ts";

const text: Schema = { type: "string" };
const item: Schema = {
  type: "object",
  name: "io.k8s.Item",
  properties: new Map<string, Schema>([
    ["name", text],
    ["value", text],
    ["command", { type: "array", items: text }],
  ]),
};
const schema: Schema = {
  type: "object",
  name: "io.k8s.Thing",
  properties: new Map<string, Schema>([
    ["items", { type: "array", items: item, patchStrategy: "merge", patchMergeKey: "name" }],
    ["words", { type: "array", items: text, patchStrategy: "merge" }],
    ["plain", { type: "array", items: text }],
    ["labels", { type: "object", values: text }],
    ["one", { ...item, patchStrategy: "replace" }],
    ["sub", item],
  ]),
};

const abc = [
  { name: "a", value: "1" },
  { name: "b", value: "2" },
  { name: "c", value: "3" },
];

for (const { name, document, patch, want } of [
  {
    name: "merges items by key; a new one stands right after its neighbour in the patch",
    document: { items: abc },
    patch: { items: [{ name: "b", value: "9" }, { name: "d" }] },
    want: { items: [abc[0], { name: "b", value: "9" }, { name: "d" }, abc[2]] },
  },
  {
    name: "replaces lists that do not merge, inside items, too",
    document: { items: [{ name: "a", command: ["x", "y"] }], plain: ["1", "2"] },
    patch: { items: [{ name: "a", command: ["z"] }], plain: ["3"] },
    want: { items: [{ name: "a", command: ["z"] }], plain: ["3"] },
  },
  {
    name: "$patch: delete takes an item",
    document: { items: abc },
    patch: { items: [{ name: "b", $patch: "delete" }] },
    want: { items: [abc[0], abc[2]] },
  },
  {
    name: "$patch: replace makes the others the whole list",
    document: { items: abc },
    patch: { items: [{ $patch: "replace" }, { name: "z" }] },
    want: { items: [{ name: "z" }] },
  },
  {
    name: "$patch: replace makes this the whole object",
    document: { sub: { name: "a", value: "1" } },
    patch: { sub: { $patch: "replace", name: "b" } },
    want: { sub: { name: "b" } },
  },
  {
    name: "$patch: delete empties an object",
    document: { sub: { name: "a" } },
    patch: { sub: { $patch: "delete" } },
    want: { sub: {} },
  },
  {
    name: "joins lists of primitives that merge",
    document: { words: ["a", "b"] },
    patch: { words: ["b", "c"] },
    want: { words: ["a", "b", "c"] },
  },
  {
    name: "$deleteFromPrimitiveList takes values",
    document: { words: ["a", "b", "c"] },
    patch: { "$deleteFromPrimitiveList/words": ["b", "x"] },
    want: { words: ["a", "c"] },
  },
  {
    name: "$setElementOrder orders what it names and weaves in the rest",
    document: { items: abc },
    patch: { "$setElementOrder/items": [{ name: "c" }, { name: "a" }], items: [{ name: "c", value: "9" }] },
    want: { items: [abc[1], { name: "c", value: "9" }, abc[0]] },
  },
  {
    name: "$setElementOrder of primitives",
    document: { words: ["a", "b", "c"] },
    patch: { "$setElementOrder/words": ["d", "a"], words: ["d"] },
    want: { words: ["d", "a", "b", "c"] },
  },
  {
    name: "$retainKeys drops what it does not name",
    document: { sub: { name: "a", value: "1" } },
    patch: { sub: { $retainKeys: ["name"], name: "b" } },
    want: { sub: { name: "b" } },
  },
  {
    name: "a field with strategy replace is replaced",
    document: { one: { name: "a", value: "1" } },
    patch: { one: { name: "b" } },
    want: { one: { name: "b" } },
  },
  {
    name: "null removes, and means nothing inside what is new",
    document: { labels: { a: "1", b: "2" } },
    patch: { labels: { a: null }, sub: { name: "x", value: null } },
    want: { labels: { b: "2" }, sub: { name: "x" } },
  },
] as const) {
  test(`applyStrategicMergePatch, ${name}`, () => {
    assert.deepEqual(applyStrategicMergePatch(document as never, patch, schema), want);
  });
}

for (const { name, document, patch, code, message } of [
  {
    name: "an item without its key",
    document: { items: abc },
    patch: { items: [{ value: "9" }] },
    code: 500,
    message: "map: map[value:9] does not contain declared merge key: name",
  },
  {
    name: "an unknown directive",
    document: { sub: { name: "a" } },
    patch: { sub: { $patch: "frob" } },
    code: 500,
    message: "unknown patch type: frob in map: map[$patch:frob]",
  },
  {
    name: "$retainKeys that leaves out what the patch sets",
    document: { sub: { name: "a" } },
    patch: { sub: { $retainKeys: ["value"], name: "b" } },
    code: 400,
    message: "invalid patch format of retainKeys",
  },
  {
    name: "a field that is not there, where both sides have objects",
    document: { gone: { a: 1 } },
    patch: { gone: { a: 2 } },
    code: 500,
    message: 'unable to find api field in struct Thing for the json field "gone"',
  },
  {
    name: "an order that the patch does not keep",
    document: { words: ["a"] },
    patch: { "$setElementOrder/words": ["a", "b"], words: ["b", "a"] },
    code: 500,
    message: "The order in patch list:\n[b a]\n doesn't match $setElementOrder list:\n[a b]\n",
  },
] as const) {
  test(`applyStrategicMergePatch refuses ${name}`, () => {
    assert.throws(() => applyStrategicMergePatch(document as never, patch, schema), { code, message });
  });
}

const word = fc.constantFrom("a", "b", "c");
const part = fc.record({ value: word, command: fc.array(word, { maxLength: 2 }) }, { requiredKeys: [] });
const named = fc.tuple(word, part).map(([name, rest]) => ({ name, ...rest }));
const thing = fc.record(
  {
    items: fc.uniqueArray(named, { selector: ({ name }) => name, maxLength: 3 }),
    words: fc.uniqueArray(word, { maxLength: 3 }),
    plain: fc.array(word, { maxLength: 3 }),
    labels: fc.dictionary(word, fc.option(word)),
    one: part,
    sub: part,
  },
  { requiredKeys: [] },
);

test("applyStrategicMergePatch twice is as once, changes nothing it was given, and loses no item or word", () => {
  fc.assert(
    fc.property(thing, thing, (made, patch) => {
      const document = applyStrategicMergePatch({}, made, schema); // without nulls
      const given = JSON.stringify([document, patch]);
      const once: any = applyStrategicMergePatch(document, patch, schema);
      assert.deepEqual(applyStrategicMergePatch(once, patch, schema), once);
      assert.equal(JSON.stringify([document, patch]), given);
      const { items = [], words = [] } = document as any;
      for (const { name } of items) assert.ok(once.items.some((found: any) => found.name === name));
      for (const text of words) assert.ok(once.words.includes(text));
    }),
  );
});
