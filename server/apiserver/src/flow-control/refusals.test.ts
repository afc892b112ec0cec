/** A flow is told once a second that it is refused; who does not listen waits for that second. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "@knarr/std/clock.ts";
import { Refusals } from "./refusals.ts";

test("Refusals.tell answers the first at once and those that come too soon when the second is over", async () => {
  const clock = new FakeClock();
  const refusals = new Refusals(clock, new AbortController().signal);
  assert.equal(refusals.tell("a"), undefined);
  let heard = 0;
  const waits = [refusals.tell("a"), refusals.tell("a")].map((told) => told!.then(() => heard++));
  assert.equal(refusals.tell("b"), undefined, "another flow hears it at once");
  clock.advance(999);
  await new Promise(setImmediate);
  assert.equal(heard, 0);
  clock.advance(1);
  await Promise.all(waits);
  await new Promise(setImmediate);
  assert.equal(refusals.tell("a"), undefined);
});
