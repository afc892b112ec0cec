/** A few kills of two servers that share an etcd; `tools/kills.ts --shared` makes hundreds. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { skipEtcd as skip } from "@knarr/store/testing/etcd.ts";
import { Random } from "../fuzz/random.ts";
import { surviveSharedKills } from "./shared-kills.ts";

test(
  "kill -9 of one of two servers under write load loses nothing that was acknowledged, and doubles nothing",
  { skip },
  async () => {
    const survived = await surviveSharedKills({ kills: 4, writes: 60, random: new Random(36) });
    assert.deepEqual(survived.problems, []);
    assert.deepEqual(survived.verdict, { isLinearizable: true });
    assert.ok(survived.acknowledged > 0 && survived.events > 0 && survived.operations > 0);
  },
);
