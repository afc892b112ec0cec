/** What is given back after the start: what nobody holds any more, and not before the process has settled. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "./clock.ts";
import { giveBackMemory } from "./give-back.ts";

const { signal } = new AbortController();

test("giveBackMemory shrinks the heap once the process has settled", async () => {
  const clock = new FakeClock();
  const given = giveBackMemory(clock, signal);
  const before = heapAfterGarbage();
  clock.advance(60_000);
  await given;
  assert.ok(process.memoryUsage().heapTotal < before - (8 << 20));
});

test("giveBackMemory does not when it is told to end before", async () => {
  const stop = new AbortController();
  const given = giveBackMemory(new FakeClock(), stop.signal);
  stop.abort(new Error("ended"));
  await assert.rejects(given, /ended/);
});

/** How large the heap is when 16 MB of it are good for nothing. */
function heapAfterGarbage(): number {
  const garbage = Array.from({ length: 1 << 11 }, () => new Array<number>(1 << 10).fill(0.5));
  return garbage.length && process.memoryUsage().heapTotal;
}
