/** What calls tell of an etcd that does not answer. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "@knarr/std/clock.ts";
import { Silence } from "./silence.ts";

function rig(members: number) {
  const clock = new FakeClock();
  const told: (string | undefined)[] = [];
  const onTrouble = (trouble: string | undefined): void => void told.push(trouble);
  return { clock, told, silence: new Silence({ members, clock, name: "etcd", onTrouble }) };
}

test("Silence is when as many calls failed in a row as there are members, and over with the first answer", () => {
  const { clock, told, silence } = rig(2);
  silence.failed(silence.begin(), "refused");
  silence.answered(silence.begin());
  silence.failed(silence.begin(), "refused");
  assert.deepEqual([silence.trouble, silence.duration], [undefined, 0]);
  clock.advance(500);
  silence.broken("cut");
  clock.advance(500);
  assert.deepEqual([silence.trouble, silence.duration], ["etcd does not answer: cut", 1000]);
  silence.broken("cut again");
  silence.heard();
  assert.deepEqual([silence.trouble, silence.duration], [undefined, 0]);
  assert.deepEqual(told, ["etcd does not answer: cut", undefined]);
});

test("Silence is when a call has waited for two seconds in which no other was answered", () => {
  const { clock, silence } = rig(1);
  const slow = silence.begin();
  clock.advance(1500);
  silence.answered(silence.begin());
  clock.advance(1500);
  assert.equal(silence.trouble, undefined);
  clock.advance(1500);
  assert.equal(silence.trouble, "etcd has not answered for 3 seconds");
  silence.answered(slow);
  clock.advance(10_000);
  assert.equal(silence.trouble, undefined);
});
