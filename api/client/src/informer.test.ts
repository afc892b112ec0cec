/** Informers: a copy that follows the server, whatever happens to the watch. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import type { ConfigMap } from "@knarr/kinds/generated/core-v1.ts";
import { FakeClock } from "@knarr/std/clock.ts";
import { silent } from "@knarr/std/log.ts";
import { defineIndex } from "./cache.ts";
import { createApi } from "./create-api.ts";
import type { Informer } from "./informer.ts";
import { Informers } from "./informers.ts";
import { MemoryTransport } from "./testing/memory-transport.ts";

const signal = AbortSignal.timeout(10_000);

function settings(name: string, data: Record<string, string> = {}): ConfigMap {
  return { metadata: { name, namespace: "default" }, data };
}

/** A server, a client to it and a synced informer of ConfigMaps, with all it told. */
async function setUp(selection = {}) {
  const transport = new MemoryTransport();
  const api = createApi(transport);
  await api.create(configMap, settings("first"));
  const clock = new FakeClock();
  const informers = new Informers({ transport, clock, log: silent });
  const informer = informers.informer(configMap, selection);
  const told: string[] = [];
  informer.subscribe(({ type, object }) => told.push(`${type} ${object.metadata.name}`));
  await informers.waitForSync(signal);
  return {
    transport,
    api,
    clock,
    informers,
    informer,
    told,
    [Symbol.asyncDispose]: () => informers[Symbol.asyncDispose](),
  };
}

/** Lets the informer's sleeps pass until it has caught up with `version`. */
async function caughtUp(informer: Informer<any>, clock: FakeClock, version: string): Promise<void> {
  while (!informer.hasSeen(version)) {
    await new Promise(setImmediate);
    clock.advance(60_000);
  }
}

test("Informer tells of what is there and of every change, in order, frozen", async () => {
  await using world = await setUp();
  await world.api.create(configMap, settings("second", { a: "1" }));
  await world.api.patch(configMap, "default/second", { data: { b: "2" } });
  const last = await world.api.patch(configMap, "default/first", { data: { c: "3" } });
  await world.api.delete(configMap, "default/second");
  await world.informer.whenSeen(String(Number(last.metadata.resourceVersion) + 1));

  assert.deepEqual(world.told, [
    "added first",
    "added second",
    "changed second",
    "changed first",
    "removed second",
  ]);
  assert.deepEqual(
    world.informer.list().map((o) => o.metadata.name),
    ["first"],
  );
  assert.ok(Object.isFrozen(world.informer.get("default/first")!.data));
});

test("Informer goes on from where it was when a watch ends", async () => {
  await using world = await setUp();
  world.transport.endWatches();
  const made = await world.api.create(configMap, settings("second"));
  await caughtUp(world.informer, world.clock, made.metadata.resourceVersion!);
  assert.deepEqual(world.told, ["added first", "added second"]);
});

test("Informer lists again and tells only the difference when its revision is gone", async () => {
  await using world = await setUp();
  await world.informer.whenSeen(
    (await world.api.create(configMap, settings("kept"))).metadata.resourceVersion!,
  );
  world.told.length = 0;

  const { fault } = world.transport;
  world.transport.fault = (request) => {
    if (request.path.endsWith("/configmaps") && request.method === "GET")
      throw new Error("connection refused");
  };
  world.transport.forgetHistory();
  await new Promise(setImmediate);
  world.transport.fault = fault;
  await world.api.delete(configMap, "default/first");
  await world.api.create(configMap, settings("first", { another: "uid" }));
  const made = await world.api.create(configMap, settings("new"));
  world.transport.forgetHistory();
  await caughtUp(world.informer, world.clock, made.metadata.resourceVersion!);

  assert.deepEqual(world.told, ["removed first", "added first", "added new"]);
});

test("Informer selects by field", async () => {
  await using world = await setUp({ fieldSelector: "metadata.name=second" });
  const made = await world.api.create(configMap, settings("second"));
  await caughtUp(world.informer, world.clock, made.metadata.resourceVersion!);
  assert.deepEqual(world.told, ["added second"]);
});

test("Informers share one informer per resource and selection", async () => {
  await using world = await setUp();
  assert.equal(world.informers.informer(configMap), world.informer);
  assert.notEqual(world.informers.informer(configMap, { namespace: "kube-system" }), world.informer);
  assert.equal(world.informers.find(configMap), world.informer);
});

test("Cache files objects under namespace, owner and declared index, and forgets what changed", async () => {
  await using world = await setUp();
  const byColour = defineIndex<ConfigMap>({
    name: "by colour",
    of: configMap,
    values: (o) => [o.data?.["colour"]],
  });
  const { cache } = world.informers;
  assert.deepEqual(cache.by(byColour, "red"), []);

  const owner = world.informer.get("default/first")!;
  const owned: ConfigMap = {
    metadata: {
      name: "owned",
      namespace: "default",
      ownerReferences: [
        { apiVersion: "v1", kind: "ConfigMap", name: "first", uid: owner.metadata.uid!, controller: true },
      ],
    },
    data: { colour: "red" },
  };
  const made = await world.api.create(configMap, owned);
  await world.informer.whenSeen(made.metadata.resourceVersion!);
  assert.deepEqual(cache.by(byColour, "red"), [made]);
  assert.deepEqual(cache.ownedBy(owner, configMap), [made]);
  assert.equal(cache.list(configMap, "default").length, 2);

  const changed = await world.api.patch(configMap, "default/owned", {
    data: { colour: "blue" },
    metadata: { ownerReferences: null },
  });
  await world.informer.whenSeen(changed.metadata.resourceVersion!);
  assert.deepEqual(cache.by(byColour, "red"), []);
  assert.deepEqual(cache.by(byColour, "blue"), [changed]);
  assert.deepEqual(cache.ownedBy(owner, configMap), []);
});

test("Cache refuses kinds nobody declared to watch", async () => {
  const informers = new Informers({ transport: new MemoryTransport(), clock: new FakeClock(), log: silent });
  assert.throws(() => informers.cache.list(configMap), /Cannot read \/v1\/configmaps from the cache/);
});
