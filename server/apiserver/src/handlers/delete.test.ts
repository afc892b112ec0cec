/** Deleting, at once and in steps. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import { namespace } from "@knarr/kinds/core/namespace.ts";
import { pod } from "@knarr/kinds/core/pod.ts";
import { clusterRole } from "@knarr/kinds/rbac/cluster-role.ts";
import { eventsEvent } from "@knarr/kinds/events/event.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import type { Event } from "@knarr/kinds/generated/events-v1.ts";
import { isConflict, isForbidden, isNotFound } from "@knarr/machinery/status.ts";
import { startTestServer, type TestServer } from "../testing/server.ts";

const at = { namespace: "default", name: "a" };

async function boundPod(rig: TestServer): Promise<void> {
  const spec = { containers: [{ name: "c", image: "i" }], nodeName: "n1" };
  await rig.api.create(pod, { metadata: at, spec } as never);
}

function podIn(rig: TestServer): Pod | undefined {
  return rig.server.world.get(pod, "default/a");
}

test("delete waits for finalizers, and the last one gone ends it", async () => {
  await using rig = await startTestServer();
  await rig.api.create(configMap, { metadata: { ...at, finalizers: ["x.io/f"] } });
  await rig.api.delete(configMap, "default/a");
  const held = rig.server.world.get(configMap, "default/a")!;
  assert.equal(held.metadata?.deletionTimestamp, "2026-01-01T00:00:00Z");
  await assert.rejects(
    rig.api.patch(configMap, "default/a", { metadata: { finalizers: ["x.io/f", "x.io/g"] } }),
    /no new finalizers can be added/,
  );
  await rig.api.patch(configMap, "default/a", { metadata: { finalizers: null } });
  await assert.rejects(rig.api.get(configMap, "default/a"), isNotFound);
});

test("delete asks for dependents as the propagation policy says", async () => {
  await using rig = await startTestServer();
  for (const [policy, finalizer] of [
    ["Foreground", "foregroundDeletion"],
    ["Orphan", "orphan"],
  ] as const) {
    const name = policy.toLowerCase();
    await rig.api.create(configMap, { metadata: { ...at, name } });
    await rig.api.delete(configMap, `default/${name}`, { propagationPolicy: policy });
    const { metadata } = rig.server.world.get(configMap, `default/${name}`)!;
    assert.deepEqual(metadata?.finalizers, [finalizer]);
  }
});

test("delete refuses another object than the one that was meant", async () => {
  await using rig = await startTestServer();
  await rig.api.create(configMap, { metadata: at });
  await assert.rejects(rig.api.delete(configMap, "default/a", { uid: "other" }), isConflict);
  await assert.rejects(rig.api.delete(configMap, "default/a", { resourceVersion: "1" }), isConflict);
  assert.ok(rig.server.world.get(configMap, "default/a"));
});

test("a pod on a node gets its time to end; it can be shortened, not prolonged", async () => {
  await using rig = await startTestServer();
  await boundPod(rig);
  await rig.api.delete(pod, "default/a");
  assert.equal(podIn(rig)?.metadata?.deletionTimestamp, "2026-01-01T00:00:30Z");
  assert.equal(podIn(rig)?.metadata?.deletionGracePeriodSeconds, 30);
  rig.clock.advance(2000);
  await rig.api.delete(pod, "default/a", { gracePeriodSeconds: 60 });
  assert.equal(podIn(rig)?.metadata?.deletionGracePeriodSeconds, 30);
  await rig.api.delete(pod, "default/a", { gracePeriodSeconds: 5 });
  assert.equal(podIn(rig)?.metadata?.deletionTimestamp, "2026-01-01T00:00:05Z");
  await rig.api.delete(pod, "default/a", { gracePeriodSeconds: 0 });
  assert.equal(podIn(rig), undefined);
});

test("a pod that no node has goes at once", async () => {
  await using rig = await startTestServer();
  await rig.api.create(pod, { metadata: at, spec: { containers: [{ name: "c", image: "i" }] } } as never);
  await rig.api.delete(pod, "default/a");
  assert.equal(podIn(rig), undefined);
});

test("a namespace is emptied before it goes, and takes nothing new meanwhile", async () => {
  await using rig = await startTestServer();
  await rig.api.create(namespace, { metadata: { name: "room" } });
  await rig.api.delete(namespace, "room");
  assert.equal(rig.server.world.get(namespace, "room")?.status?.phase, "Terminating");
  await assert.rejects(
    rig.api.create(configMap, { metadata: { namespace: "room", name: "a" } }),
    (err: any) => isForbidden(err) && err.details.causes[0].reason === "NamespaceTerminating",
  );
  await rig.transport.request({
    method: "PUT",
    path: "/api/v1/namespaces/room/finalize",
    body: { apiVersion: "v1", kind: "Namespace", metadata: { name: "room" }, spec: {} },
  });
  assert.equal(rig.server.world.get(namespace, "room"), undefined);
  await assert.rejects(rig.api.delete(namespace, "default"), isForbidden);
});

test("a kind that is stored as another is selected by its own fields", async () => {
  await using rig = await startTestServer();
  const report = (name: string, reportingController: string): Event & { metadata: object } => ({
    metadata: { name, namespace: "default" },
    eventTime: "2026-01-01T00:00:00.000000Z",
    type: "Normal",
    reason: "Pulled",
    action: "Pulling",
    regarding: { kind: "Pod", name: `pod-${name}`, namespace: "default" },
    reportingController,
    reportingInstance: "i",
  });
  for (const [name, by] of ["ax", "bx", "cy"]) await rig.api.create(eventsEvent, report(name!, by!));
  const path = "/apis/events.k8s.io/v1/namespaces/default/events";
  const found = async (fieldSelector: string): Promise<string[]> => {
    const { body } = await rig.transport.request({ method: "GET", path, query: { fieldSelector } });
    const listed = await rig.api.list(eventsEvent, { fieldSelector });
    const names = listed.items.map(({ metadata }) => metadata!.name!);
    assert.deepEqual(
      (body as any).items.map(({ metadata }: any) => metadata.name),
      names,
    );
    return names;
  };
  assert.deepEqual(await found("reportingController=x"), ["a", "b"]);
  assert.deepEqual(await found("regarding.name=pod-c"), ["c"]);
  await rig.api.deleteCollection(eventsEvent, {
    namespace: "default",
    fieldSelector: "reportingController=x",
  });
  assert.deepEqual(await found("regarding.kind=Pod"), ["c"]);
});

test("a collection is deleted by selector", async () => {
  await using rig = await startTestServer();
  for (const [name, tier] of [
    ["a", "x"],
    ["b", "x"],
    ["c", "y"],
  ] as const)
    await rig.api.create(configMap, { metadata: { namespace: "default", name, labels: { tier } } });
  await rig.api.deleteCollection(configMap, { namespace: "default", labelSelector: "tier=x" });
  const left = rig.server.world.list(configMap, "default").map(({ metadata }) => metadata?.name);
  assert.deepEqual(left, ["c"]);
});

test("a collection is deleted in one namespace, page by page where a limit is given, and never in all of them", async () => {
  await using rig = await startTestServer();
  for (const name of ["a", "b", "c"])
    await rig.api.create(configMap, { metadata: { ...at, name, labels: { app: "x" } } });
  const path = "/api/v1/namespaces/default/configmaps";
  const remove = async (query: Record<string, string | number>): Promise<any> =>
    (await rig.transport.request({ method: "DELETE", path, query: { labelSelector: "app=x", ...query } }))
      .body;
  const first = await remove({ limit: 2 });
  assert.deepEqual(
    first.items.map(({ metadata }: any) => metadata.name),
    ["a", "b"],
  );
  assert.equal(rig.server.world.list(configMap, "default").length, 1);
  await remove({ limit: 2, continue: first.metadata.continue });
  assert.equal(rig.server.world.list(configMap, "default").length, 0);
  await rig.api.create(clusterRole, { metadata: { name: "mine", labels: { app: "x" } } } as never);
  await rig.api.deleteCollection(clusterRole, { labelSelector: "app=x" });
  assert.equal(rig.server.world.get(clusterRole, "mine"), undefined);
  await assert.rejects(rig.transport.request({ method: "DELETE", path: "/api/v1/configmaps" }), {
    code: 405,
  });
});
