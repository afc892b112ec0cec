/** The operations on field sets, held against the same on plain sets of paths. */

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  difference,
  eachPath,
  fieldSetOf,
  has,
  inOrder,
  intersection,
  isEmpty,
  isMember,
  recursiveDifference,
  union,
  type FieldSet,
} from "./field-set.ts";

/** The paths of a set as text: the plain model that the trees are checked against. */
function pathsOf(set: FieldSet): string[] {
  const paths: string[] = [];
  eachPath(set, (path) => paths.push(path.join("/")));
  return paths.sort();
}

const element = fc.constantFrom("f:a", "f:b", "f:c", 'k:{"n":1}', 'v:"x"');
const path = fc.array(element, { minLength: 1, maxLength: 4 });
const someSet = fc.array(path, { maxLength: 12 }).map((paths) => fieldSetOf(...paths));

test("union, intersection and difference agree with sets of paths", () => {
  fc.assert(
    fc.property(someSet, someSet, (a, b) => {
      const ours = new Set(pathsOf(a));
      const theirs = new Set(pathsOf(b));
      assert.deepEqual(pathsOf(union(a, b)), [...ours.union(theirs)].sort());
      assert.deepEqual(pathsOf(intersection(a, b)), [...ours.intersection(theirs)].sort());
      assert.deepEqual(pathsOf(difference(a, b)), [...ours.difference(theirs)].sort());
    }),
  );
});

test("recursiveDifference drops what lies below, too", () => {
  fc.assert(
    fc.property(someSet, someSet, (a, b) => {
      const gone = pathsOf(b);
      const left = pathsOf(a).filter((p) => !gone.some((q) => p === q || p.startsWith(`${q}/`)));
      assert.deepEqual(pathsOf(recursiveDifference(a, b)), left);
    }),
  );
});

test("no operation leaves an empty node, which would count as a path", () => {
  const isSound = (set: FieldSet): boolean =>
    Object.entries(set).every(([name, node]) => name === "." || isEmpty(node) || isInner(node));
  const isInner = (node: FieldSet): boolean =>
    Object.keys(node).some((name) => name !== ".") && isSound(node);
  fc.assert(
    fc.property(someSet, someSet, (a, b) => {
      for (const operation of [union, intersection, difference, recursiveDifference]) {
        assert.ok(isSound(operation(a, b)), `${operation.name} of ${JSON.stringify([a, b])}`);
      }
    }),
  );
});

test("has and isMember tell a path from what only lies on the way to one", () => {
  const set = fieldSetOf(["f:a", "f:b"], ["f:c"]);
  assert.ok(has(set, ["f:a", "f:b"]));
  assert.ok(!has(set, ["f:a"]));
  assert.ok(isMember(set["f:c"]!));
});

test("inOrder sorts elements and keeps the set", () => {
  const set: FieldSet = { "f:b": { "f:z": {}, "f:a": {} }, "f:a": {} };
  assert.equal(JSON.stringify(inOrder(set)), '{"f:a":{},"f:b":{"f:a":{},"f:z":{}}}');
  const sorted = inOrder(set);
  assert.equal(inOrder(sorted), sorted, "what is in order is not copied");
});
