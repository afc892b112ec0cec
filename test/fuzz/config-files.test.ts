/** A few hundred random configuration files of each sort, the same every time. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { configRound, subjects } from "./config-files.ts";
import { Random } from "./random.ts";

test("a configuration file is taken, or refused by name and field", async () => {
  const { findings, taken } = await configRound(new Random(36), 150);
  assert.deepEqual(
    findings.map(({ what }) => what),
    [],
  );
  for (const { name } of subjects)
    assert.ok(taken.get(name)! > 10, `only ${taken.get(name)} of ${name} were right`);
});
