/** Watches of the cache: where they begin, what they are told, and how they end. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFieldSelector } from "@knarr/machinery/fields.ts";
import { parseLabelSelector } from "@knarr/machinery/labels.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import type { WatchQuery } from "./cache.ts";
import { pod, podOf, Recorder, TestWorld, type TestPod } from "./testing/world.ts";

const toNode = (nodeName: string) => (current: TestPod) => ({ ...current, spec: { nodeName } });

test("watch from a revision gets what it missed and what follows, with the bytes of the objects", async () => {
  await using world = await TestWorld.open();
  await world.addPods(3);
  const recorder = await Recorder.start(world.pods, { resourceVersion: "1" });
  await world.pods.update("default/p0", toNode("n"));
  await world.pods.delete("default/p1");
  assert.deepEqual(recorder.seen, ["ADDED p1@2", "ADDED p2@3", "MODIFIED p0@4", "DELETED p1@5"]);
  assert.deepEqual(
    recorder.frames.map(({ type }) => type),
    ["ADDED", "ADDED", "MODIFIED", "DELETED"],
  );
  assert.deepEqual(recorder.frames[2].object, world.pods.get("default/p0")!.object);
  assert.equal(recorder.frames[3].object.metadata.resourceVersion, "5");
  recorder.watch.stop();
  await world.addPods(1, "other");
  assert.equal(recorder.seen.length, 4);
});

test("watch from before the window reads the store's history, and is told the truth about it", async () => {
  await using before = await TestWorld.open();
  await before.addPods(2);
  await before.pods.update("default/p0", toNode("n"));
  await before.pods.update("default/p0", toNode("m"));
  await before.pods.delete("default/p0");
  await using world = await before.restart();
  const all = await Recorder.start(world.pods, { resourceVersion: "1" });
  assert.deepEqual(all.seen, ["ADDED p1@2", "MODIFIED p0@3", "MODIFIED p0@4", "DELETED p0@5"]);
  const onNode = await Recorder.start(world.pods, {
    resourceVersion: "1",
    fieldSelector: parseFieldSelector("spec.nodeName=n"),
  });
  assert.deepEqual(onNode.seen, ["ADDED p0@3", "DELETED p0@4"]);
  await world.store.compact(4);
  await using later = await world.restart();
  await assert.rejects(Recorder.start(later.pods, { resourceVersion: "3" }), {
    code: 410,
    message: "too old resource version: 3 (4)",
  });
  assert.deepEqual((await Recorder.start(later.pods, { resourceVersion: "4" })).seen, ["DELETED p0@5"]);
});

test("watch without a revision, or from 0, begins with the state, which a bookmark ends for who wants bookmarks", async () => {
  await using world = await TestWorld.open();
  await world.addPods(2);
  for (const query of [{}, { resourceVersion: "0" }, { allowWatchBookmarks: true }]) {
    const recorder = await Recorder.start(world.pods, query);
    const end = query.allowWatchBookmarks ? ["BOOKMARK @2"] : [];
    assert.deepEqual(recorder.seen, ["ADDED p0@1", "ADDED p1@2", ...end]);
    // Only who asks for initial events is told where they end (KEP-3157).
    assert.ok(recorder.frames.every(({ object }) => !object.metadata.annotations));
  }
});

test("watch with sendInitialEvents ends the state with a bookmark that says so", async () => {
  await using world = await TestWorld.open();
  await world.addPods(2);
  const query: WatchQuery = {
    sendInitialEvents: true,
    resourceVersionMatch: "NotOlderThan",
    allowWatchBookmarks: true,
  };
  const recorder = await Recorder.start(world.pods, {
    ...query,
    fieldSelector: parseFieldSelector("metadata.name=p1"),
  });
  await world.pods.update("default/p1", toNode("n"));
  assert.deepEqual(recorder.seen, ["ADDED p1@2", "BOOKMARK @2", "MODIFIED p1@3"]);
  assert.deepEqual(recorder.frames[1].object, {
    kind: "Pod",
    apiVersion: "v1",
    metadata: { resourceVersion: "2", annotations: { "k8s.io/initial-events-end": "true" } },
  });
  const none = await Recorder.start(world.pods, { ...query, sendInitialEvents: false });
  assert.deepEqual(none.seen, []);
});

test("watch turns what comes into its selection into ADDED and what leaves it into DELETED", async () => {
  await using world = await TestWorld.open();
  await world.pods.create("default/a", podOf("a", { labels: { app: "web" } }));
  const recorder = await Recorder.start(world.pods, {
    resourceVersion: "1",
    labelSelector: parseLabelSelector("app=web"),
  });
  const label = (app: string) => (current: TestPod) => ({
    ...current,
    metadata: { ...current.metadata, labels: { app } },
  });
  await world.pods.update("default/a", label("db"));
  await world.pods.update("default/a", label("cache"));
  await world.pods.update("default/a", label("web"));
  await world.pods.update("default/a", toNode("n"));
  await world.pods.update("default/a", label("db"));
  await world.pods.delete("default/a");
  assert.deepEqual(recorder.seen, ["DELETED a@2", "ADDED a@4", "MODIFIED a@5", "DELETED a@6"]);
  // Who leaves is shown as he was last seen.
  assert.deepEqual(
    recorder.frames.map(({ object }) => object.metadata.labels.app),
    ["web", "web", "web", "web"],
  );
});

const selections: [string, WatchQuery, string[]][] = [
  ["a namespace", { namespace: "b" }, ["ADDED p0@2", "MODIFIED p0@4"]],
  [
    "a key",
    { namespace: "a", fieldSelector: parseFieldSelector("metadata.name=p0") },
    ["ADDED p0@1", "MODIFIED p0@3", "DELETED p0@5"],
  ],
  [
    "a name in all namespaces",
    { fieldSelector: parseFieldSelector("metadata.name=p0") },
    ["ADDED p0@1", "ADDED p0@2", "MODIFIED p0@3", "MODIFIED p0@4", "DELETED p0@5"],
  ],
  ["a node", { fieldSelector: parseFieldSelector("spec.nodeName=n") }, ["ADDED p0@3", "DELETED p0@5"]],
  [
    "no node",
    { fieldSelector: parseFieldSelector("spec.nodeName=") },
    ["ADDED p0@1", "ADDED p0@2", "DELETED p0@3", "DELETED p0@4"],
  ],
];

for (const [name, query, expected] of selections) {
  test(`watch of ${name} is told that and nothing else`, async () => {
    await using world = await TestWorld.open();
    const recorder = await Recorder.start(world.pods, { ...query, resourceVersion: "0" });
    await world.addPods(1, "a");
    await world.addPods(1, "b");
    await world.pods.update("a/p0", toNode("n"));
    await world.pods.update("b/p0", toNode("m"));
    await world.pods.delete("a/p0");
    assert.deepEqual(recorder.seen, expected);
  });
}

test("watchers of one selection share batches, and frames of one view are made once", async () => {
  await using world = await TestWorld.open();
  const selector = () => parseLabelSelector("app");
  const [a, b, c] = await Promise.all([
    Recorder.start(world.pods, { labelSelector: selector() }),
    Recorder.start(world.pods, { labelSelector: selector() }),
    Recorder.start(world.pods),
  ]);
  await world.pods.create("default/a", podOf("a", { labels: { app: "x" } }));
  assert.equal(a.batches[0], b.batches[0]);
  assert.equal(a.batches[0]!.frames(), c.batches[0]!.frames());
  let encoded = 0;
  const names = {
    name: "names",
    encode: (object: ApiObject) => (encoded++, JSON.stringify(object.metadata.name)),
  };
  assert.equal(a.batches[0]!.frames(names).toString(), '{"type":"ADDED","object":"a"}\n');
  assert.equal(c.batches[0]!.frames(names), a.batches[0]!.frames(names));
  assert.equal(encoded, 1);
});

test("a watch whose sink is full waits, goes on when asked, and loses nothing", async () => {
  await using world = await TestWorld.open();
  await world.addPods(3);
  const recorder = await Recorder.start(world.pods, {}, 1);
  await world.pods.update("default/p0", toNode("n"));
  await world.pods.update("default/p1", toNode("n"));
  assert.deepEqual(recorder.seen, ["ADDED p0@1", "ADDED p1@2", "ADDED p2@3"]);
  recorder.room = 1;
  recorder.watch.resume();
  assert.deepEqual(recorder.seen.slice(3), ["MODIFIED p0@4"]);
  recorder.room = Infinity;
  recorder.watch.resume();
  await world.pods.update("default/p2", toNode("n"));
  assert.deepEqual(recorder.seen.slice(4), ["MODIFIED p1@5", "MODIFIED p2@6"]);
});

test("a watch that stays away for too long is ended, and the others are not", async () => {
  await using world = await TestWorld.open();
  const slow = await Recorder.start(world.pods, {}, 1);
  const quick = await Recorder.start(world.pods);
  for (let i = 0; i < 102; i++) {
    await Promise.all(
      Array.from({ length: 100 }, (_, j) => world.pods.create(`default/${i}-${j}`, podOf(`${i}-${j}`))),
    );
  }
  assert.deepEqual([slow.ended, quick.ended], ["quietly", "no"]);
  assert.deepEqual([slow.seen.length, quick.seen.length], [1, 10200]);
});

test("a watch that stays away is ended sooner when what waits for it is large", async () => {
  await using world = await TestWorld.open();
  const slow = await Recorder.start(world.pods, {}, 1);
  const quick = await Recorder.start(world.pods);
  const text = "x".repeat(1 << 20);
  for (let i = 0; i < 34; i++) {
    assert.equal(slow.ended, i < 33 ? "no" : "quietly", `after ${i}`);
    await world.pods.create(`default/${i}`, podOf(`${i}`, { annotations: { text } }));
  }
  assert.deepEqual([slow.seen.length, quick.seen.length], [1, 34]);
});

test("a large state goes out in slices, as the sink takes them, before what happened meanwhile", async () => {
  await using world = await TestWorld.open();
  for (let i = 0; i < 40; i++) {
    await world.pods.create(
      `default/${i + 10}`,
      podOf(`${i + 10}`, { annotations: { text: "x".repeat(20_000) } }),
    );
  }
  const recorder = await Recorder.start(world.pods, {}, 1);
  assert.equal(recorder.batches.length, 1);
  assert.ok(recorder.seen.length > 5 && recorder.seen.length < 20, String(recorder.seen.length));
  await world.pods.delete("default/49");
  recorder.room = Infinity;
  recorder.watch.resume();
  assert.equal(recorder.seen.length, 41);
  assert.deepEqual(recorder.seen.slice(-2), ["ADDED 49@40", "DELETED 49@41"]);
});

test("bookmarks come once a minute to those who want them, and when asked", async () => {
  await using world = await TestWorld.open();
  await world.addPods(1);
  const wants = await Recorder.start(world.pods, { resourceVersion: "1", allowWatchBookmarks: true });
  const doesNot = await Recorder.start(world.pods, { resourceVersion: "1" });
  await world.store.put("/registry/other/x", Buffer.from("{}"), 0);
  await new Promise(setImmediate);
  world.clock.advance(60_000);
  await new Promise(setImmediate);
  wants.watch.bookmark();
  doesNot.watch.bookmark();
  assert.deepEqual([wants.seen, doesNot.seen], [["BOOKMARK @2", "BOOKMARK @2"], []]);
});

test("events iterates over frozen objects, and ends with its signal or with the cache", async () => {
  await using world = await TestWorld.open();
  const stop = new AbortController();
  const seen: string[] = [];
  const watching = (async () => {
    for await (const batch of world.pods.events({ resourceVersion: "0" }, stop.signal)) {
      for (const { type, object } of batch) seen.push(`${type} ${object.metadata.resourceVersion}`);
      if (seen.length === 3) stop.abort();
    }
  })();
  await world.addPods(2);
  await world.pods.delete("default/p0");
  await watching;
  assert.deepEqual(seen, ["ADDED 1", "ADDED 2", "DELETED 3"]);
  const ended = (async () => {
    for await (const _ of world.pods.events({}, AbortSignal.timeout(10_000))) world.caches.remove(pod);
  })();
  await ended;
});

test("events throws for a revision that is gone", async () => {
  await using world = await TestWorld.open();
  await world.addPods(2);
  await world.store.compact(2);
  await using later = await world.restart();
  const events = later.pods.events({ resourceVersion: "1" }, AbortSignal.timeout(10_000));
  await assert.rejects(
    async () => {
      for await (const _ of events) assert.fail("There is nothing to tell");
    },
    { code: 410 },
  );
});

const refused: [WatchQuery, number, RegExp][] = [
  [{ resourceVersion: "abc" }, 400, /^invalid resource version: resourceVersion: Invalid value: "abc"/],
  [
    { sendInitialEvents: true },
    422,
    /sendInitialEvents requires setting resourceVersionMatch to NotOlderThan/,
  ],
  [
    { sendInitialEvents: true, resourceVersionMatch: "Exact" },
    422,
    /is invalid: \[.*, resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"\]/,
  ],
  [
    { resourceVersionMatch: "NotOlderThan" },
    422,
    /resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided/,
  ],
];

for (const [query, code, message] of refused) {
  test(`watch refuses ${JSON.stringify(query)}`, async () => {
    await using world = await TestWorld.open();
    await assert.rejects(Recorder.start(world.pods, query), { code, message });
  });
}
