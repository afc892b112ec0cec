/** History is kept for five minutes and not much longer. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "@knarr/std/clock.ts";
import { MemoryStore } from "./drivers/memory.ts";
import { StoreUnavailable } from "./store.ts";

/** Lets a minute pass, and what waits for it happen. */
async function minute(clock: FakeClock): Promise<void> {
  clock.advance(60_000);
  await new Promise(setImmediate);
}

test("a store with a clock forgets what is older than five minutes, minute by minute", async () => {
  const clock = new FakeClock();
  await using store = new MemoryStore({ clock });
  const compacted: number[] = [];
  for (let i = 0; i < 8; i++) {
    await store.put(`/${i}`, Buffer.from("1"), 0);
    await minute(clock);
    compacted.push(store.compacted);
  }
  assert.deepEqual(compacted, [0, 0, 0, 0, 0, 1, 2, 3]);
});

test("a store whose disk is full for a while is compacted when it has room again", async () => {
  class FullStore extends MemoryStore {
    isFull = true;
    override async compact(revision: number): Promise<void> {
      if (this.isFull) throw new StoreUnavailable("no space is left on its disk");
      await super.compact(revision);
    }
  }
  const clock = new FakeClock();
  await using store = new FullStore({ clock });
  await store.put("/a", Buffer.from("1"), 0);
  for (let i = 0; i < 7; i++) await minute(clock);
  assert.equal(store.compacted, 0);
  store.isFull = false;
  await minute(clock);
  assert.equal(store.compacted, 1);
});
