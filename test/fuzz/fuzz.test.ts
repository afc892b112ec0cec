/** A quick fuzz, the same every time; `tools/fuzz.ts` is the long one. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { everythingStored, fuzzRound, readEverything } from "./fuzz.ts";
import type { Finding } from "./judge.ts";
import { curlLine } from "./shrink.ts";
import { Target } from "./target.ts";

const LIMIT_MS = 60_000;

test("whatever is asked, the server answers, stays whole, and says the same after a restart", async () => {
  await using target = await Target.start();
  const findings = await fuzzRound(target, { seed: 36, until: Date.now() + LIMIT_MS, requests: 500 });
  assert.deepEqual(findings.map(shown), []);
  const before = await everythingStored(target);
  await target.restart();
  assert.deepEqual((await readEverything(target)).map(shown), []);
  const after = await everythingStored(target);
  for (const [path, text] of before) assert.equal(after.get(path), text, path);
});

function shown({ what, request, reply }: Finding): string {
  return `${what}\n${request ? curlLine(request) : ""}\n${reply?.code} ${reply?.text}`;
}
