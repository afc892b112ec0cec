/** What is kept in blocks is in order and whole, whatever comes and goes. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { KeyOrder } from "./key-order.ts";

const keyed = (key: string) => ({ key });
const name = (n: number) => String(n).padStart(5, "0");
/** All numbers below `count` once, far from in order. */
const scattered = (count: number) => Array.from({ length: count }, (_, i) => (i * 7919) % count);

for (const [how, numbers] of [
  ["in order", Array.from({ length: 3000 }, (_, i) => i)],
  ["backwards", Array.from({ length: 3000 }, (_, i) => 2999 - i)],
  ["in any order", scattered(3000)],
] as const) {
  test(`what is added ${how} is there in order`, () => {
    const order = new KeyOrder<{ readonly key: string }>();
    for (const n of numbers) order.add(keyed(name(n)));
    const keys = order.between("").map(({ key }) => key);
    assert.deepEqual(
      keys,
      Array.from({ length: 3000 }, (_, i) => name(i)),
    );
  });
}

test("a stretch is what lies from its start up to its end, at every edge of a block", () => {
  const order = new KeyOrder<{ readonly key: string }>();
  for (const n of scattered(2000)) order.add(keyed(name(2 * n)));
  for (let from = 0; from < 4000; from += 37) {
    for (const length of [0, 1, 2, 600, 4000]) {
      const found = order.between(name(from), name(from + length)).map(({ key }) => Number(key));
      const first = from + (from % 2);
      const count = Math.max(0, Math.ceil((Math.min(from + length, 4000) - first) / 2));
      assert.deepEqual(
        found,
        Array.from({ length: count }, (_, i) => first + 2 * i),
      );
    }
  }
});

test("what is removed is gone, and all can be added again", () => {
  const order = new KeyOrder<{ readonly key: string }>();
  for (let round = 0; round < 2; round++) {
    for (const n of scattered(1500)) order.add(keyed(name(n)));
    for (const n of scattered(1500)) if (n % 3) order.remove(name(n));
    assert.deepEqual(
      order.between("").map(({ key }) => Number(key)),
      Array.from({ length: 500 }, (_, i) => 3 * i),
    );
    for (let n = 0; n < 1500; n += 3) order.remove(name(n));
    assert.deepEqual(order.between(""), []);
  }
});
