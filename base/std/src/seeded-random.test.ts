/** The same numbers for the same seed, on every machine: seeds are written down where something was found. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "./seeded-random.ts";

test("seededRandom gives mulberry32's numbers, and every seed its own", () => {
  const [next, other] = [seededRandom(1), seededRandom(2)];
  const numbers = Array.from({ length: 1000 }, next);
  assert.equal(numbers[0], 0.6270739405881613);
  assert.ok(numbers.every((number) => number >= 0 && number < 1));
  assert.equal(new Set(numbers).size, 1000);
  assert.notEqual(other(), numbers[0]);
});
