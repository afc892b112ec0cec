/** Garbage collection over an API in memory: who goes with whom. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createApi } from "@knarr/client/create-api.ts";
import { MemoryTransport } from "@knarr/client/testing/memory-transport.ts";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import { event as events } from "@knarr/kinds/core/event.ts";
import { secret } from "@knarr/kinds/core/secret.ts";
import type { ConfigMap } from "@knarr/kinds/generated/core-v1.ts";
import type { OwnerReference } from "@knarr/machinery/object.ts";
import { FakeClock } from "@knarr/std/clock.ts";
import { silent } from "@knarr/std/log.ts";
import { startGarbageCollector } from "./garbage-collector.ts";

async function makeCluster() {
  const transport = new MemoryTransport({ serves: [configMap, secret, events] });
  const api = createApi(transport);
  const clock = new FakeClock();
  const signal = new AbortController().signal;
  const collector = await startGarbageCollector({ transport, clock, log: silent, signal });
  const names = async () =>
    (await api.list(configMap)).items.map(({ metadata }) => metadata.name!).toSorted();
  return {
    api,
    names,
    async settled() {
      for (let quiet = 0; quiet < 5; quiet = collector.idle ? quiet + 1 : 0) {
        for (let i = 0; i < 5; i++) await new Promise(setImmediate);
        clock.advance(5000);
      }
      return names();
    },
    /** A ConfigMap owned by others of them. */
    async make(name: string, owners: readonly (ConfigMap | OwnerReference)[] = [], namespace = "default") {
      const ownerReferences = owners.map((owner) => ("uid" in owner ? owner : ownedBy(owner)));
      return api.create(configMap, { metadata: { name, namespace, ownerReferences } });
    },
    [Symbol.asyncDispose]: () => collector[Symbol.asyncDispose](),
  };
}

function ownedBy({ metadata }: ConfigMap): OwnerReference {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    name: metadata.name!,
    uid: metadata.uid!,
    blockOwnerDeletion: true,
  };
}

test("GarbageCollector deletes dependents of dependents in the background", async () => {
  await using cluster = await makeCluster();
  const top = await cluster.make("top");
  const middle = await cluster.make("middle", [top]);
  await cluster.make("bottom", [middle]);
  assert.deepEqual(await cluster.settled(), ["bottom", "middle", "top"]);
  await cluster.api.delete(configMap, "default/top");
  assert.deepEqual(await cluster.settled(), []);
});

test("GarbageCollector keeps what has another owner, and drops the reference to the one that went", async () => {
  await using cluster = await makeCluster();
  const [a, b] = [await cluster.make("a"), await cluster.make("b")];
  await cluster.make("shared", [a, b]);
  await cluster.settled();
  await cluster.api.delete(configMap, "default/a");
  assert.deepEqual(await cluster.settled(), ["b", "shared"]);
  const { metadata } = await cluster.api.get(configMap, "default/shared");
  assert.deepEqual(
    metadata.ownerReferences!.map(({ name }) => name),
    ["b"],
  );
});

test("GarbageCollector deletes in the foreground: the owner goes last", async () => {
  await using cluster = await makeCluster();
  const top = await cluster.make("top");
  const held = await cluster.make("held", [top]);
  await cluster.api.patch(configMap, "default/held", { metadata: { finalizers: ["x.io/wait"] } });
  await cluster.settled();
  await cluster.api.delete(configMap, "default/top", { propagationPolicy: "Foreground" });
  assert.deepEqual(await cluster.settled(), ["held", "top"]);
  assert.ok((await cluster.api.get(configMap, "default/held")).metadata.deletionTimestamp);
  assert.ok(held);
  await cluster.api.patch(configMap, "default/held", { metadata: { finalizers: [] } });
  assert.deepEqual(await cluster.settled(), []);
});

test("GarbageCollector orphans: dependents stay and forget their owner", async () => {
  await using cluster = await makeCluster();
  const top = await cluster.make("top");
  await cluster.make("child", [top]);
  await cluster.settled();
  await cluster.api.delete(configMap, "default/top", { propagationPolicy: "Orphan" });
  assert.deepEqual(await cluster.settled(), ["child"]);
  assert.equal((await cluster.api.get(configMap, "default/child")).metadata.ownerReferences, undefined);
});

test("GarbageCollector resolves a circle of owners deleted in the foreground", async () => {
  await using cluster = await makeCluster();
  const a = await cluster.make("a");
  const b = await cluster.make("b", [a]);
  await cluster.api.patch(configMap, "default/a", { metadata: { ownerReferences: [ownedBy(b)] } });
  assert.deepEqual(await cluster.settled(), ["a", "b"]);
  await cluster.api.delete(configMap, "default/a", { propagationPolicy: "Foreground" });
  assert.deepEqual(await cluster.settled(), []);
});

test("GarbageCollector deletes what is made with an owner that does not exist", async () => {
  await using cluster = await makeCluster();
  await cluster.make("lost", [{ apiVersion: "v1", kind: "ConfigMap", name: "never", uid: "never" }]);
  assert.deepEqual(await cluster.settled(), []);
});

test("GarbageCollector takes an owner of the same name and another uid for absent", async () => {
  await using cluster = await makeCluster();
  await cluster.make("owner");
  await cluster.make("lost", [{ apiVersion: "v1", kind: "ConfigMap", name: "owner", uid: "older" }]);
  assert.deepEqual(await cluster.settled(), ["owner"]);
});

test("GarbageCollector says when an owner is in another namespace", async () => {
  await using cluster = await makeCluster();
  const elsewhere = await cluster.make("owner", [], "other");
  await cluster.settled();
  await cluster.make("child", [elsewhere]);
  assert.deepEqual(await cluster.settled(), ["owner"]);
  const [said] = (await cluster.api.list(events)).items;
  assert.equal(said!.reason, "OwnerRefInvalidNamespace");
  assert.match(
    said!.message!,
    /^ownerRef \[v1\/ConfigMap, namespace: default, name: owner, uid: .*\] does not exist in namespace "default"$/,
  );
});

test("GarbageCollector leaves alone what is owned by a kind that is not served", async () => {
  await using cluster = await makeCluster();
  await cluster.make("child", [{ apiVersion: "x.io/v1", kind: "Thing", name: "t", uid: "t" }]);
  for (let i = 0; i < 50; i++) await new Promise(setImmediate);
  assert.deepEqual(await cluster.names(), ["child"]);
});
