/** What counts as nothing, and what does not. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { equivalent } from "./equality.ts";

const cases: readonly (readonly [a: unknown, b: unknown, same: boolean])[] = [
  [{ a: [] }, {}, true],
  [{ a: null }, {}, true],
  [{ a: "" }, {}, true],
  [{ a: {} }, {}, false],
  [{ a: false }, {}, false],
  [{ a: 0 }, {}, false],
  [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
  [[1, 2], [2, 1], false],
  [[{ a: [] }], [{}], true],
  [{ a: [1] }, { a: { 0: 1 } }, false],
];

for (const [a, b, same] of cases)
  test(`equivalent: ${JSON.stringify(a)} and ${JSON.stringify(b)}`, () => {
    assert.equal(equivalent(a, b), same);
    assert.equal(equivalent(b, a), same);
  });
