/** Versions: which are some, and which is the newer one. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { compareSemver, parseSemver } from "./semver.ts";

test("parseSemver takes versions and nothing else", () => {
  for (const text of ["0.0.0", "1.36.3", "1.0.0-rc.1+b.7", "1.0.0--", "1.0.0+01"])
    assert.ok(parseSemver(text), text);
  for (const text of ["", "1", "1.2", "v1.2.3", "1.02.3", "1.2.3-", "1.2.3-01", "1.2.3+", "1.2.3-a..b"])
    assert.equal(parseSemver(text), undefined, text);
});

test("compareSemver orders as semver.org does", () => {
  const order = [
    "1.0.0-1",
    "1.0.0-2",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-beta",
    "1.0.0",
    "1.0.10",
    "1.2.0",
  ];
  const parsed = order.map((text) => parseSemver(text)!);
  for (let i = 1; i < parsed.length; i++)
    assert.ok(compareSemver(parsed[i - 1]!, parsed[i]!) < 0, `${order[i - 1]} < ${order[i]}`);
  assert.equal(compareSemver(parseSemver("1.0.0+a")!, parseSemver("1.0.0+b")!), 0);
});
