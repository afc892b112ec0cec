/** Many watchers at once: what is told together, and what never waits. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { pod, Recorder, TestWorld } from "./testing/world.ts";

/** Watchers as they are behind connections. */
async function distant(world: TestWorld, count: number): Promise<Recorder[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const recorder = Object.assign(new Recorder(), { prefersBatches: true });
      recorder.watch = await world.pods.watch({ allowWatchBookmarks: true, resourceVersion: "1" }, recorder);
      return recorder;
    }),
  );
}

/** A world at revision 1, with many who watch from there. */
async function watched(): Promise<{ world: TestWorld; recorders: Recorder[] }> {
  const world = await TestWorld.open();
  await world.addPods(1, "first");
  return { world, recorders: await distant(world, 100) };
}

test("many watchers are told of the first change at once, and of what follows soon in one batch", async () => {
  const { world, recorders } = await watched();
  await using _ = world;
  const inProcess = await Recorder.start(world.pods, { resourceVersion: "1" });
  await world.addPods(3);
  assert.equal(inProcess.seen.length, 3);
  assert.deepEqual(recorders[99]!.seen, ["ADDED p0@2"]);
  world.clock.advance(20);
  await new Promise(setImmediate);
  for (const { batches } of recorders) assert.equal(batches.length, 2);
  assert.deepEqual(recorders[99]!.seen, ["ADDED p0@2", "ADDED p1@3", "ADDED p2@4"]);
  assert.equal(recorders[0]!.batches[1]!.frames(), recorders[99]!.batches[1]!.frames());
  world.clock.advance(20);
  await world.pods.delete("default/p0");
  assert.equal(recorders[0]!.seen.at(-1), "DELETED p0@5");
});

test("few watchers are told of each change at once", async () => {
  await using world = await TestWorld.open();
  await world.addPods(1, "first");
  const [recorder] = await distant(world, 4);
  await world.addPods(3);
  assert.equal(recorder!.batches.length, 3);
});

test("what is held comes before a bookmark, before the end, and to nobody who has it already", async () => {
  const { world, recorders } = await watched();
  await using _ = world;
  await world.addPods(2);
  recorders[0]!.watch.bookmark();
  assert.deepEqual(recorders[0]!.seen, ["ADDED p0@2", "ADDED p1@3", "BOOKMARK @3"]);
  await world.addPods(1, "second");
  const late = Object.assign(new Recorder(), { prefersBatches: true });
  late.watch = await world.pods.watch({ resourceVersion: "0" }, late);
  assert.deepEqual([recorders[1]!.seen.at(-1), late.seen.length], ["ADDED p0@4", 4]);
  await world.pods.delete("second/p0");
  world.caches.remove(pod);
  for (const { seen, ended } of [late, ...recorders])
    assert.deepEqual([seen.at(-1), ended], ["DELETED p0@5", "quietly"]);
});
