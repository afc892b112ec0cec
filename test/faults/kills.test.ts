/** A few kills; `tools/kills.ts` makes a thousand. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Random } from "../fuzz/random.ts";
import { surviveKills } from "./kills.ts";

test("kill -9 under write load loses nothing that was acknowledged, and doubles nothing", async () => {
  const survived = await surviveKills({ kills: 4, writes: 60, random: new Random(36) });
  assert.deepEqual(survived.problems, []);
  assert.deepEqual(survived.verdict, { isLinearizable: true });
  assert.ok(survived.acknowledged > 0 && survived.events > 0 && survived.operations > 0);
});
