/** Tokens are kept, renewed in time, and survive an API that is away. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "@knarr/std/clock.ts";
import { ServiceAccountTokens } from "./service-account-tokens.ts";

const pod = {
  metadata: { name: "p", namespace: "n", uid: "u" },
  spec: { containers: [], serviceAccountName: "sa" },
};

test("ServiceAccountTokens renews at 80 % of the life and keeps the old one while the API is away", async () => {
  const clock = new FakeClock();
  let issued = 0;
  let isAway = false;
  const tokens = new ServiceAccountTokens(
    async (account, spec) => {
      if (isAway) throw new Error("away");
      assert.deepEqual(account, { namespace: "n", name: "sa" });
      assert.deepEqual(spec.boundObjectRef, { apiVersion: "v1", kind: "Pod", name: "p", uid: "u" });
      const expirationTimestamp = new Date(clock.now() + spec.expirationSeconds * 1000).toISOString();
      return { token: `t${++issued}`, expirationTimestamp };
    },
    { clock, random: () => 0 },
  );
  const get = () => tokens.get(pod, { expirationSeconds: 1000 });
  assert.deepEqual(await get(), {
    token: "t1",
    expiresAt: clock.now() + 1_000_000,
    renewAt: clock.now() + 800_000,
    refreshInMs: 800_000,
  });
  clock.advance(799_999);
  assert.equal((await get()).token, "t1");
  isAway = true;
  clock.advance(1);
  assert.equal((await get()).token, "t1");
  isAway = false;
  assert.equal((await get()).token, "t2");
  isAway = true;
  clock.advance(1_000_000);
  await assert.rejects(get(), /away/);
});
