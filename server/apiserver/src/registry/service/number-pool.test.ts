/** Numbers given out, and given back. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { lowerBand, NumberPool } from "./number-pool.ts";

test("NumberPool takes from the upper band first, then from the lower, then has none", () => {
  const pool = new NumberPool(1, 6, 3);
  const upper = [pool.takeAny(), pool.takeAny(), pool.takeAny()].sort();
  const lower = [pool.takeAny(), pool.takeAny(), pool.takeAny()].sort();
  assert.deepEqual(
    [upper, lower],
    [
      [4, 5, 6],
      [1, 2, 3],
    ],
  );
  assert.equal(pool.takeAny(), undefined);
});

test("NumberPool gives a number once until it is released", () => {
  const pool = new NumberPool(1, 6, 3);
  assert.deepEqual([pool.take(2), pool.take(2)], [true, false]);
  pool.release(2);
  assert.equal(pool.take(2), true);
});

test("lowerBand keeps upstream's share for numbers chosen by hand", () => {
  const addresses = { min: 16, max: 256, step: 16 };
  assert.deepEqual(
    [2 ** 4, 2 ** 8, 2 ** 10, 2 ** 16].map((size) => lowerBand(size, addresses)),
    [0, 16, 64, 256],
  );
});
