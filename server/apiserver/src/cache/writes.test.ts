/** Writes through the cache: what is held, what is answered, who wins. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { isAlreadyExists, isConflict, isNotFound, conflict } from "@knarr/machinery/status.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import { MemoryStore } from "@knarr/store/drivers/memory.ts";
import { StoreUnavailable } from "@knarr/store/store.ts";
import { node, pod, podOf, Recorder, TestWorld, type TestPod } from "./testing/world.ts";

test("create holds a frozen object with kind, apiVersion and resourceVersion, and its bytes", async () => {
  await using world = await TestWorld.open();
  const item = await world.pods.create("default/a", podOf("a", { labels: { app: "ü" } }));
  assert.equal(world.pods.get("default/a"), item);
  assert.equal(
    item.bytes.toString(),
    '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","namespace":"default","uid":"uid-of-a","resourceVersion":"1","labels":{"app":"ü"}},"spec":{}}',
  );
  assert.deepEqual(JSON.parse(item.bytes.toString()), item.object);
  assert.throws(() => (item.object.spec!.nodeName = "n"), TypeError);
  assert.throws(() => (item.object.metadata.labels!["app"] = "b"), TypeError);
});

test("create keeps the resourceVersion out of the store, and puts it where it belongs when there is no uid", async () => {
  await using world = await TestWorld.open();
  const nodes = world.caches.of(node);
  const item = await nodes.create("n", {
    metadata: { name: "n", resourceVersion: "77", labels: { a: "b" } },
  });
  const stored = await world.store.get("/registry/nodes/n");
  const head = '{"kind":"Node","apiVersion":"v1","metadata":{"name":"n"';
  assert.equal(Buffer.from(stored!.value).toString(), `${head},"labels":{"a":"b"}}}`);
  assert.equal(item.bytes.toString(), `${head},"resourceVersion":"1","labels":{"a":"b"}}}`);
});

test("create throws AlreadyExists, whether the other one is there or on its way", async () => {
  await using world = await TestWorld.open();
  const results = await Promise.allSettled([1, 2, 3].map(() => world.pods.create("default/a", podOf("a"))));
  assert.deepEqual(
    results.map(({ status }) => status),
    ["fulfilled", "rejected", "rejected"],
  );
  await assert.rejects(world.pods.create("default/a", podOf("a")), isAlreadyExists);
  await assert.rejects(world.pods.create("default/a", podOf("a")), { message: 'pods "a" already exists' });
});

test("update gives the current object to the change, and answers with what it made", async () => {
  await using world = await TestWorld.open();
  await world.addPods(1);
  const item = await world.pods.update("default/p0", (current) => ({ ...current, spec: { nodeName: "n" } }));
  assert.equal(item.object.spec!.nodeName, "n");
  assert.equal(item.object.metadata.resourceVersion, "2");
  assert.deepEqual(JSON.parse(item.bytes.toString()), item.object);
  await assert.rejects(
    world.pods.update("default/none", (current) => current),
    isNotFound,
  );
});

test("update lets all of many concurrent changes happen, one after the other", async () => {
  await using world = await TestWorld.open();
  await world.addPods(1);
  let calls = 0;
  const count = async (): Promise<void> => {
    await world.pods.update("default/p0", (current) => {
      calls++;
      return { ...current, spec: { count: ((current.spec!["count"] as number) ?? 0) + 1 } };
    });
  };
  await Promise.all(Array.from({ length: 20 }, count));
  assert.equal(world.pods.get("default/p0")!.object.spec!["count"], 20);
  assert.equal(calls, 20);
});

test("update runs a slow change again when somebody else has written meanwhile, and lets it give up", async () => {
  await using world = await TestWorld.open();
  await world.addPods(1);
  const seen: string[] = [];
  const slow = world.pods.update("default/p0", async (current) => {
    seen.push(current.metadata.resourceVersion!);
    if (seen.length === 1)
      await world.pods.update("default/p0", (now) => ({ ...now, spec: { nodeName: "fast" } }));
    if (seen.length === 2) throw conflict({ group: "", resource: "pods" }, "p0", "changed");
    return current;
  });
  await assert.rejects(slow, isConflict);
  assert.deepEqual(seen, ["1", "2"]);
});

test("update that changes nothing writes nothing, also when fields stand in another order", async () => {
  await using world = await TestWorld.open();
  const first = await world.pods.create(
    "default/a",
    podOf("a", { labels: { x: "1", y: "2" }, nodeName: "n" }),
  );
  for (const labels of [
    { x: "1", y: "2" },
    { y: "2", x: "1" },
  ]) {
    const item = await world.pods.update("default/a", ({ metadata, spec }) => ({
      spec: spec!,
      metadata: { ...metadata, labels },
    }));
    assert.equal(item, first);
  }
  assert.equal(world.store.revision, 1);
  const changed = await world.pods.update("default/a", (pod) => ({ ...pod, spec: { nodeName: "m" } }));
  assert.equal(changed.revision, 2);
});

test("upsert says whether it created", async () => {
  await using world = await TestWorld.open();
  const put = (nodeName: string) => world.pods.upsert("default/a", () => podOf("a", { nodeName }));
  assert.equal((await put("n")).created, true);
  assert.equal((await put("m")).created, false);
  assert.equal((await put("m")).created, false);
  assert.equal(world.store.revision, 2);
});

test("delete answers with the last state under the delete's resourceVersion, and respects the check", async () => {
  await using world = await TestWorld.open();
  await world.addPods(1);
  const refuse = () => {
    throw conflict({ group: "", resource: "pods" }, "p0", "precondition");
  };
  await assert.rejects(world.pods.delete("default/p0", refuse), isConflict);
  const item = await world.pods.delete("default/p0");
  assert.equal(item.object.metadata.resourceVersion, "2");
  assert.deepEqual(JSON.parse(item.bytes.toString()), item.object);
  assert.equal(world.pods.get("default/p0"), undefined);
  await assert.rejects(world.pods.delete("default/p0"), isNotFound);
});

test("writes of another server are seen, and decided upon", async () => {
  await using world = await TestWorld.open();
  await world.addPods(1);
  const foreign = Buffer.from(
    '{"metadata":{"uid":"u","name":"p0","namespace":"default"},"spec":{"nodeName":"x"}}',
  );
  const racing = world.pods.update("default/p0", async (current) => {
    if (!current.spec!.nodeName) await world.store.put("/registry/pods/default/p0", foreign, 1);
    return { ...current, spec: { ...current.spec, count: 1 } };
  });
  const item = await racing;
  assert.deepEqual(item.object.spec, { nodeName: "x", count: 1 });
  assert.deepEqual([item.object.kind, item.object.apiVersion, item.object.metadata.uid], ["Pod", "v1", "u"]);
});

test("a store that cannot write is a ServiceUnavailable, and reads go on", async () => {
  class FullStore extends MemoryStore {
    full = false;
    override async put(key: string, value: Uint8Array, expected: number) {
      if (this.full) throw new StoreUnavailable("no space is left on its disk");
      return super.put(key, value, expected);
    }
  }
  const store = new FullStore();
  await using world = await TestWorld.open(store);
  await world.addPods(1);
  store.full = true;
  await assert.rejects(world.addPods(2, "other"), { code: 503, message: "no space is left on its disk" });
  assert.equal((await world.pods.list()).items.length, 1);
  store.full = false;
  await world.addPods(1, "other");
});

test("openCaches finds everything again, byte for byte", async () => {
  const before = await TestWorld.open();
  await before.addPods(3);
  await before.pods.update("default/p1", (current) => ({ ...current, spec: { nodeName: 'quo"te\\' } }));
  const items = before.pods.items();
  await using after = await before.restart();
  assert.deepEqual(after.pods.items().map(String), items.map(String));
  for (const [index, item] of after.pods.items().entries()) {
    assert.deepEqual(item, items[index]);
    assert.ok(Object.isFrozen(item.object.metadata));
  }
});

test("add loads a kind that comes later, with what was written meanwhile, and remove ends its watches", async () => {
  await using world = await TestWorld.open();
  world.caches.remove(pod);
  assert.throws(() => world.caches.of(pod), /nobody added it/);
  const nodes = world.caches.of(node);
  for (let i = 0; i < 5; i++) await world.store.put(`/registry/pods/a/${i}`, bytes(`${i}`), 0);
  const adding = world.caches.add([pod]);
  await Promise.all([
    adding,
    nodes.create("n", { metadata: { name: "n" } }),
    world.store.put("/registry/pods/a/9", bytes("9"), 0),
  ]);
  const pods = world.caches.of(pod);
  assert.deepEqual(
    pods.items().map(({ key }) => key),
    ["a/0", "a/1", "a/2", "a/3", "a/4", "a/9"],
  );
  const recorder = await Recorder.start(pods);
  world.caches.remove(pod);
  assert.equal(recorder.ended, "quietly");
});

test("by, ownedBy and items look up what changes have filed", async () => {
  await using world = await TestWorld.open();
  const owner = { apiVersion: "v1", kind: "X", name: "x", uid: "1" };
  const byNode = { name: "pods by node", of: pod, values: (object: TestPod) => [object.spec?.nodeName] };
  assert.deepEqual(world.pods.by(byNode, "n"), []);
  await world.pods.create("b/a", podOf("a", { namespace: "b", nodeName: "n", ownerReferences: [owner] }));
  await world.pods.create("a/b", podOf("b", { namespace: "a", nodeName: "n" }));
  await world.pods.create("a/a", podOf("a", { namespace: "a", nodeName: "m", ownerReferences: [owner] }));
  const names = (objects: readonly ApiObject[]) =>
    objects.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  assert.deepEqual(names(world.pods.by(byNode, "n")), ["a/b", "b/a"]);
  assert.deepEqual(names(world.pods.ownedBy("1")), ["a/a", "b/a"]);
  await world.pods.update("a/b", (current) => ({ ...current, spec: { nodeName: "m" } }));
  await world.pods.delete("a/a");
  assert.deepEqual(names(world.pods.by(byNode, "n")), ["b/a"]);
  assert.deepEqual(names(world.pods.by(byNode, "m")), ["a/b"]);
  assert.deepEqual(names(world.pods.ownedBy("1")), ["b/a"]);
  assert.deepEqual(names(world.caches.world.list(pod, "a")), ["a/b"]);
  assert.equal(world.caches.world.get(pod, "a/a"), undefined);
});

test("subscribe tells changes before the writer hears of them", async () => {
  await using world = await TestWorld.open();
  await world.addPods(1);
  const told: string[] = [];
  using subscription = world.pods.subscribe((changes) => {
    for (const { type, item, previous } of changes)
      told.push(`${type} ${item.revision} after ${previous?.revision}`);
  });
  assert.deepEqual([subscription.items.length, subscription.resourceVersion], [1, "1"]);
  await world.pods.update("default/p0", (current) => ({ ...current, spec: { nodeName: "n" } }));
  assert.deepEqual(told, ["MODIFIED 2 after 1"]);
  await world.pods.delete("default/p0");
  await world.pods.create("default/p0", podOf("p0"));
  assert.deepEqual(told.slice(1), ["DELETED 3 after 2", "ADDED 4 after undefined"]);
});

function bytes(name: string): Buffer {
  return Buffer.from(JSON.stringify({ metadata: { name, namespace: "a", uid: name }, spec: {} }));
}

test("writes on caches that are closed are refused, not forgotten", async () => {
  await using world = await TestWorld.open();
  await world.caches[Symbol.asyncDispose]();
  await assert.rejects(world.addPods(1), { code: 503 });
});
