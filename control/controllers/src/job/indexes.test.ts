/** Sets of indexes: read, put together, written. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { IndexSet } from "./indexes.ts";

for (const [text, completions, written, size] of [
  [undefined, 5, "", 0],
  ["0-2,4", 5, "0-2,4", 4],
  ["0,1,2", 5, "0-2", 3],
  ["0,1", 5, "0,1", 2],
  ["3-9", 5, "3,4", 2], // somebody made the Job smaller
  ["x,1,7", 5, "1", 1],
] as const) {
  test(`IndexSet reads ${JSON.stringify(text)} of ${completions} as ${JSON.stringify(written)}`, () => {
    const set = IndexSet.parse(text, completions);
    assert.equal(String(set), written);
    assert.equal(set.size, size);
  });
}

test("IndexSet joins what touches or overlaps", () => {
  const set = IndexSet.of([7, 1, 2])
    .with(IndexSet.parse("3-5,9", 20))
    .with(IndexSet.of([8]));
  assert.equal(String(set), "1-5,7-9");
  assert.deepEqual(
    [0, 1, 5, 6, 9, 10].map((index) => set.has(index)),
    [false, true, true, false, true, false],
  );
});

test("IndexSet.firstMissing gives the first gaps, below the number of completions", () => {
  const set = IndexSet.parse("0-1,4", 20);
  assert.deepEqual(set.firstMissing(3, 20), [2, 3, 5]);
  assert.deepEqual(set.firstMissing(9, 6), [2, 3, 5]);
  assert.deepEqual(set.firstMissing(9, 4), [2, 3]);
});

test("IndexSet.countIn counts what both have", () => {
  const wanted = IndexSet.parse("0-5,8,10-12", 20);
  assert.equal(wanted.countIn(IndexSet.parse("4-10", 20)), 4);
  assert.equal(wanted.countIn(IndexSet.empty), 0);
});
