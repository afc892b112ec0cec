/** What is given back after the start: what nobody holds any more, and not before the process has settled. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "./clock.ts";
import { giveBackMemory } from "./give-back.ts";

test("giveBackMemory shrinks the heap once the process is at rest, and again after it has grown", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const giving = giveBackMemory(clock, stop.signal);
  for (let time = 0; time < 2; time++) {
    const before = heapAfterGarbage();
    // So long that what this test did meanwhile is next to nothing.
    clock.advance(600_000);
    while (clock.sleepers === 0) await new Promise(setImmediate);
    assert.ok(process.memoryUsage().heapTotal < before - (16 << 20));
  }
  stop.abort(new Error("ended"));
  await assert.rejects(giving, /ended/);
});

/** How large the heap is when 32 MB of it are good for nothing. */
function heapAfterGarbage(): number {
  const garbage = Array.from({ length: 1 << 12 }, () => new Array<number>(1 << 10).fill(0.5));
  return garbage.length && process.memoryUsage().heapTotal;
}
