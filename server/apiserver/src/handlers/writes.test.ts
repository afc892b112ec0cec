/** Writes from outside to inside: create, update, patch and apply as any client does them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { deployment } from "@knarr/kinds/apps/deployment.ts";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import type { ConfigMap } from "@knarr/kinds/generated/core-v1.ts";
import { lease } from "@knarr/kinds/coordination/lease.ts";
import { isAlreadyExists, isConflict, isInvalid, isNotFound } from "@knarr/machinery/status.ts";
import { startTestServer } from "../testing/server.ts";

const settings = (change: Partial<ConfigMap> = {}): ConfigMap & { metadata: object } => ({
  metadata: { name: "a", namespace: "default" },
  data: { key: "value" },
  ...change,
});
const COLLECTION = "/api/v1/namespaces/default/configmaps";

test("create fills in what only the server knows and keeps who wrote what", async () => {
  await using rig = await startTestServer();
  const made = await rig.api.create(configMap, settings());
  const { uid, resourceVersion, creationTimestamp, managedFields } = made.metadata!;
  assert.ok(uid && Number(resourceVersion) > 0);
  assert.equal(creationTimestamp, "2026-01-01T00:00:00Z");
  assert.deepEqual(managedFields?.[0]?.fieldsV1, { "f:data": { ".": {}, "f:key": {} } });
  await assert.rejects(rig.api.create(configMap, settings()), isAlreadyExists);
});

test("create makes a name from generateName", async () => {
  await using rig = await startTestServer();
  const object = settings({ metadata: { generateName: "a-", namespace: "default" } });
  const names = [await rig.api.create(configMap, object), await rig.api.create(configMap, object)];
  for (const { metadata } of names) assert.match(metadata!.name!, /^a-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
});

test("a dry run answers and writes nothing", async () => {
  await using rig = await startTestServer();
  const answer = await rig.transport.request({
    method: "POST",
    path: COLLECTION,
    query: { dryRun: "All" },
    body: settings(),
  });
  assert.equal(answer.code, 201);
  await assert.rejects(rig.api.get(configMap, "default/a"), isNotFound);
});

test("update refuses a state that is no longer, and takes one without a version", async () => {
  await using rig = await startTestServer();
  const first = await rig.api.create(configMap, settings());
  await rig.api.update(configMap, { ...first, data: { key: "second" } } as never);
  await assert.rejects(rig.api.update(configMap, first as never), isConflict);
  const third = await rig.api.update(configMap, settings({ data: { key: "third" } }) as never);
  assert.deepEqual((third as ConfigMap).data, { key: "third" });
});

test("update makes what is not there only for kinds that allow it", async () => {
  await using rig = await startTestServer();
  await assert.rejects(rig.api.update(configMap, settings() as never), isNotFound);
  const made = await rig.transport.request({
    method: "PUT",
    path: "/apis/coordination.k8s.io/v1/namespaces/default/leases/l",
    body: { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: "l" }, spec: {} },
  });
  assert.equal(made.code, 201);
  assert.ok(rig.server.world.get(lease, "default/l"));
});

test("a write that changes nothing has no new resourceVersion", async () => {
  await using rig = await startTestServer();
  const first = await rig.api.create(configMap, settings());
  const again = await rig.api.patch(configMap, "default/a", { data: { key: "value" } });
  assert.equal(again.metadata?.resourceVersion, first.metadata?.resourceVersion);
});

test("patches of two writers at once both arrive", async () => {
  await using rig = await startTestServer();
  await rig.api.create(configMap, settings());
  const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);
  await Promise.all(keys.map((key) => rig.api.patch(configMap, "default/a", { data: { [key]: "1" } })));
  const { data = {} } = rig.server.world.get(configMap, "default/a")!;
  assert.deepEqual(
    keys.filter((key) => !(key in data)),
    [],
  );
});

test("patch in its three kinds", async () => {
  await using rig = await startTestServer();
  await rig.api.create(configMap, settings());
  const patch = (type: "json" | "merge" | "strategic", body: unknown) =>
    rig.api.patch(configMap, "default/a", body, { type });
  await patch("json", [{ op: "add", path: "/data/json", value: "1" }]);
  await patch("merge", { data: { key: null, merge: "2" } });
  const { data } = (await patch("strategic", { data: { strategic: "3" } })) as ConfigMap;
  assert.deepEqual(data, { json: "1", merge: "2", strategic: "3" });
  await assert.rejects(patch("json", [{ op: "remove", path: "/data/nope" }]), { code: 422 });
});

test("apply makes, shares, takes back what it states no more, and refuses what is another's", async () => {
  await using rig = await startTestServer();
  const apply = (manager: string, data: object, force = false) =>
    rig.api.patch(
      configMap,
      "default/a",
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data },
      { type: "apply", fieldManager: manager, force },
    );
  await apply("one", { x: "1", y: "1" });
  await apply("two", { z: "2" });
  await assert.rejects(apply("two", { z: "2", x: "2" }), isConflict);
  await apply("two", { z: "2", x: "2" }, true);
  const { data } = (await apply("one", {})) as ConfigMap;
  assert.deepEqual(data, { x: "2", z: "2" });
});

test("status and spec are written apart, and generation counts only spec", async () => {
  await using rig = await startTestServer();
  const labels = { app: "a" };
  await rig.api.create(deployment, {
    metadata: { name: "d", namespace: "default" },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "c", image: "i" }] } },
    },
    status: { replicas: 9 },
  } as never);
  const patch = (body: object, subresource?: string) =>
    rig.api.patch(deployment, "default/d", body, subresource ? { subresource } : {}) as Promise<any>;
  assert.deepEqual((await patch({ status: { replicas: 5 } })).status, {});
  const status = await patch({ spec: { replicas: 5 }, status: { replicas: 2 } }, "status");
  assert.deepEqual([status.spec.replicas, status.status.replicas, status.metadata.generation], [1, 2, 1]);
  const scaled = await patch({ spec: { replicas: 4 } }, "scale");
  assert.deepEqual([scaled.kind, scaled.spec, scaled.status.selector], ["Scale", { replicas: 4 }, "app=a"]);
  assert.equal(rig.server.world.get(deployment, "default/d")!.metadata!.generation, 2);
});

test("what is wrong with an object is said all at once", async () => {
  await using rig = await startTestServer();
  const wrong = settings({ metadata: { name: "A_", namespace: "default", labels: { "-": "x" } } });
  await assert.rejects(rig.api.create(configMap, wrong), (err: any) => {
    assert.ok(isInvalid(err));
    const fields = err.details.causes.map(({ field }: { field: string }) => field);
    assert.deepEqual([...new Set(fields)], ["metadata.name", "metadata.labels"]);
    return true;
  });
});
