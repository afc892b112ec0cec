/** Versions in the order in which discovery shows them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { byVersion } from "./version-order.ts";

test("byVersion puts stable before beta before alpha, newer before older, and names of another form last", () => {
  const given = [
    "v1",
    "foo1",
    "v10beta3",
    "v3beta1",
    "v12alpha1",
    "v11alpha2",
    "v10",
    "foo10",
    "v2",
    "v11beta2",
  ];
  const sorted = [
    "v10",
    "v2",
    "v1",
    "v11beta2",
    "v10beta3",
    "v3beta1",
    "v12alpha1",
    "v11alpha2",
    "foo1",
    "foo10",
  ];
  assert.deepEqual(given.toSorted(byVersion), sorted);
});
