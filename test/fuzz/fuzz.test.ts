/** A quick fuzz, the same every time; `tools/fuzz.ts` is the long one. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStore } from "@knarr/store/drivers/memory.ts";
import { everythingStored, fuzzRound, readEverything, type Finding } from "./fuzz.ts";
import { Target } from "./target.ts";

const LIMIT_MS = 12_000;

test("whatever is asked, the server answers, stays whole, and says the same after a restart", async () => {
  await using store = new MemoryStore();
  let before: Map<string, string>;
  {
    await using target = await Target.start(store);
    const findings = await fuzzRound(target, { seed: 36, until: Date.now() + LIMIT_MS, requests: 1500 });
    assert.deepEqual(findings.map(shown), []);
    before = await everythingStored(target);
  }
  await using target = await Target.start(store);
  assert.deepEqual((await readEverything(target)).map(shown), []);
  const after = await everythingStored(target);
  for (const [path, text] of before) assert.equal(after.get(path), text, path);
});

function shown({ what, request, reply }: Finding): string {
  const { method, path, headers, body } = request ?? {};
  return `${what}\n${method} ${path} ${JSON.stringify(headers)}\n${body?.subarray(0, 500)}\n${reply?.code} ${reply?.text}`;
}
