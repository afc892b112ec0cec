/** A binary search finds the first position, at either end, too. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { bisect } from "./bisect.ts";

test("bisect finds the first position that does not come before, or the end", () => {
  const numbers = [2, 4, 4, 7];
  const found = [1, 2, 3, 4, 5, 7, 8].map((sought) => bisect(numbers.length, (i) => numbers[i]! < sought));
  assert.deepEqual(found, [0, 0, 1, 1, 3, 3, 4]);
  assert.equal(
    bisect(0, () => assert.fail("there is nothing to look at")),
    0,
  );
});
