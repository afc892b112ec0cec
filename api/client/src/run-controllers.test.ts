/** The controller runtime: what a declaration means. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import { secret } from "@knarr/kinds/core/secret.ts";
import type { ConfigMap } from "@knarr/kinds/generated/core-v1.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import type { ApiObject, ListOf } from "@knarr/machinery/object.ts";
import { FakeClock } from "@knarr/std/clock.ts";
import { silent } from "@knarr/std/log.ts";
import { defineController, type Controller } from "./controller.ts";
import { createApi } from "./create-api.ts";
import { runControllers } from "./run-controllers.ts";
import type { Selection } from "./transport.ts";
import { MemoryTransport } from "./testing/memory-transport.ts";

/** Gives every ConfigMap a Secret of the same name, and counts how often it looked. */
function twinController(change: Partial<Controller<ConfigMap>> = {}): Controller<ConfigMap> {
  return defineController<ConfigMap>({
    name: "twin",
    for: configMap,
    owns: [secret],
    writes: { secrets: ["create"], configmaps: ["patch"] },
    async reconcile(key, { cache, api }) {
      const owner = cache.get(configMap, key);
      if (!owner || cache.ownedBy(owner, secret).length > 0) return;
      const { name, uid, namespace } = owner.metadata;
      await api.create(secret, {
        metadata: {
          generateName: `${name}-`,
          namespace: namespace!,
          ownerReferences: [
            { apiVersion: "v1", kind: "ConfigMap", name: name!, uid: uid!, controller: true },
          ],
        },
      });
    },
    ...change,
  });
}

/** Secrets cannot be listed for as long as it is broken. */
class UnlistableSecrets extends MemoryTransport {
  isBroken = true;

  override async list<T extends ApiObject>(resource: Resource<T>, selection: Selection): Promise<ListOf<T>> {
    if (this.isBroken && resource.plural === "secrets")
      throw new Error("failed to read one or more secrets from the storage");
    return super.list(resource, selection);
  }
}

async function setUp(controller: Controller<any>) {
  const transport = new MemoryTransport();
  const clock = new FakeClock();
  const stop = new AbortController();
  const options = { transport, clock, log: silent, signal: stop.signal };
  const running = await runControllers([controller], options);
  const api = createApi(transport);
  return {
    transport,
    clock,
    api,
    running,
    /** Waits until the controller has nothing to do and knows all there is. */
    async settled() {
      for (let quiet = 0; quiet < 3; quiet = running.idle ? quiet + 1 : 0) await new Promise(setImmediate);
    },
    secrets: async () => (await api.list(secret)).items.map((s) => s.metadata.ownerReferences![0]!.name),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

const plain: ConfigMap = { metadata: { name: "a", namespace: "default" } };

test("runControllers reconciles what is created, and again when what it owns goes", async () => {
  await using world = await setUp(twinController());
  await world.api.create(configMap, plain);
  await world.settled();
  assert.deepEqual(await world.secrets(), ["a"]);

  const [made] = (await world.api.list(secret)).items;
  await world.api.delete(secret, `default/${made!.metadata.name}`);
  await world.settled();
  assert.deepEqual(await world.secrets(), ["a"]);
});

test("runControllers leaves a controller alone with objects that do not concern it, until they do", async () => {
  const looked: string[] = [];
  const { api, settled } = await setUp(
    twinController({
      concerns: ({ data }) => data?.["twin"] === "yes",
      reconcile: async (key) => void looked.push(key),
    }),
  );
  await api.create(configMap, { metadata: { name: "other", namespace: "default" } });
  const mine = await api.create(configMap, {
    metadata: { name: "mine", namespace: "default" },
    data: { twin: "yes" },
  });
  await settled();
  assert.deepEqual(looked, ["default/mine"]);
  await api.update(configMap, { ...mine, data: {} });
  await settled();
  assert.deepEqual(looked, ["default/mine", "default/mine"], "what has concerned it a moment ago does, too");
});

test("runControllers does not reconcile a key before the cache has seen its writes", async () => {
  const calls: number[] = [];
  const base = twinController();
  await using world = await setUp({
    ...base,
    async reconcile(key, context) {
      calls.push(context.cache.list(secret).length);
      // Something wakes the key while it is being reconciled, before the watch can have told of the new Secret.
      if (calls.length === 1) await context.api.patch(configMap, key, { data: { touched: "yes" } });
      return base.reconcile(key, context);
    },
  });
  await world.api.create(configMap, plain);
  await world.settled();
  assert.deepEqual(calls.slice(0, 2), [0, 1]);
  assert.deepEqual(await world.secrets(), ["a"]);
});

test("runControllers tries again with back-off after a throw", async () => {
  let failures = 2;
  await using world = await setUp(twinController());
  world.transport.fault = (request) => {
    if (request.method === "POST" && request.path.endsWith("/secrets") && failures-- > 0)
      throw new Error("no");
  };
  await world.api.create(configMap, plain);
  while ((await world.secrets()).length === 0) {
    await new Promise(setImmediate);
    world.clock.advance(1000);
  }
  assert.equal(failures, -1);
});

test("runControllers starts what it can when a kind cannot be listed, and the rest when it can be", async () => {
  const transport = new UnlistableSecrets();
  const clock = new FakeClock();
  const seen: string[] = [];
  const other = defineController<ConfigMap>({
    name: "other",
    for: configMap,
    writes: {},
    async reconcile(key) {
      seen.push(key);
    },
  });
  const api = createApi(transport);
  await api.create(configMap, plain);
  const { signal } = new AbortController();
  const starting = runControllers([twinController(), other], { transport, clock, log: silent, signal });
  let running: Awaited<typeof starting> | undefined;
  for (starting.then((it) => (running = it)); !running; await new Promise(setImmediate)) clock.advance(100);
  await using _held = running;
  while (seen.length === 0) await new Promise(setImmediate);
  assert.deepEqual([seen, (await api.get(configMap, "default/a")).metadata.name], [["default/a"], "a"]);
  transport.isBroken = false;
  while ((await api.list(secret)).items.length === 0) {
    clock.advance(1000);
    await new Promise(setImmediate);
  }
});

test("runControllers comes back after againInMs", async () => {
  let calls = 0;
  await using world = await setUp(
    twinController({
      async reconcile() {
        calls++;
        return { againInMs: 60_000 };
      },
    }),
  );
  await world.api.create(configMap, plain);
  await world.settled();
  world.clock.advance(59_999);
  await world.settled();
  assert.equal(calls, 1);
  world.clock.advance(1);
  await world.settled();
  assert.equal(calls, 2);
});

test("runControllers refuses writes that the declaration does not name", async () => {
  const refused: string[] = [];
  await using world = await setUp(
    twinController({
      async reconcile(key, { api }) {
        await api.delete(configMap, key).catch((err: Error) => refused.push(err.message));
        await api.updateStatus(secret, { metadata: {} }).catch((err: Error) => refused.push(err.message));
      },
    }),
  );
  await world.api.create(configMap, plain);
  await world.settled();
  assert.deepEqual(refused, [
    "Cannot delete configmaps: declare it in `writes` of controller twin",
    "Cannot update secrets/status: declare it in `writes` of controller twin",
  ]);
});

test("runControllers wakes the keys that a watch names, for the state before the change too", async () => {
  const seen: string[] = [];
  await using world = await setUp(
    twinController({
      owns: [],
      watches: [
        {
          resource: secret,
          wakes: (s: any, _cache, previous: any) => [s.data?.for, previous?.data?.for].filter(Boolean),
        },
      ],
      async reconcile(key) {
        seen.push(key);
      },
    }),
  );
  await world.api.create(secret, { metadata: { name: "s", namespace: "default" }, data: { for: "x" } });
  await world.settled();
  await world.api.patch(secret, "default/s", { data: { for: "y" } });
  await world.settled();
  assert.deepEqual(seen, ["x", "y", "x"]);
});

test("a controller follows kinds that objects name, as long as one does", async () => {
  const seen: string[] = [];
  await using world = await setUp(
    twinController({
      owns: [],
      async reconcile(key, { cache, follow }) {
        const isWanted = cache.list(configMap).some(({ data }) => data?.follows === "secrets");
        const kinds = isWanted ? [{ resource: secret, wakes: () => ["default/config"] }] : [];
        const followed = follow(kinds);
        await followed.whenListed();
        seen.push(`${key} ${isWanted ? followed.list(secret).length : "-"}`);
      },
    }),
  );
  const { api } = world;
  const metadata = { name: "config", namespace: "default" };
  const made = await api.create(configMap, { metadata, data: { follows: "secrets" } });
  await world.settled();
  await api.create(secret, { metadata: { name: "a", namespace: "default" } });
  await world.settled();
  await api.update(configMap, { ...made, data: {} });
  await world.settled();
  await api.create(secret, { metadata: { name: "b", namespace: "default" } });
  await world.settled();
  assert.deepEqual(seen, ["default/config 0", "default/config 1", "default/config -"]);
});
