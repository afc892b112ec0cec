/** ReplicaSets: so many pods, no more, no fewer. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { replicaSet as replicaSets } from "@knarr/kinds/apps/replicaset.ts";
import { event as events } from "@knarr/kinds/core/event.ts";
import { pod as pods } from "@knarr/kinds/core/pod.ts";
import type { ReplicaSet } from "@knarr/kinds/generated/apps-v1.ts";
import { forbidden } from "@knarr/machinery/status.ts";
import { keyOf } from "@knarr/machinery/object.ts";
import { makeWorld } from "../testing/world.ts";
import { replicaSetController } from "./controller.ts";

function web(replicas: number): ReplicaSet {
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { name: "web", namespace: "default" },
    spec: {
      replicas,
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web", tier: "front" }, annotations: { a: "b" }, finalizers: ["x.io/f"] },
        spec: { containers: [{ name: "c", image: "i" }] },
      },
    },
  };
}

const makeCluster = () => makeWorld([replicaSetController], { kubelet: () => "ready" });
const status = async (cluster: Awaited<ReturnType<typeof makeCluster>>) =>
  (await cluster.api.get(replicaSets, "default/web")).status!;

test("ReplicaSet makes its pods from the template, owned by it", async () => {
  await using cluster = await makeCluster();
  const owner = await cluster.create(replicaSets, web(2));
  const made = await cluster.list(pods);
  assert.equal(made.length, 2);
  const { metadata, spec } = made[0]!;
  assert.match(metadata.name!, /^web-/);
  assert.deepEqual(metadata.labels, { app: "web", tier: "front" });
  assert.deepEqual(metadata.annotations, { a: "b" });
  assert.deepEqual(metadata.finalizers, ["x.io/f"]);
  assert.deepEqual(spec, web(2).spec!.template!.spec);
  assert.deepEqual(metadata.ownerReferences, [
    {
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      name: "web",
      uid: owner.metadata.uid,
      controller: true,
      blockOwnerDeletion: true,
    },
  ]);
  assert.deepEqual(await status(cluster), {
    replicas: 2,
    fullyLabeledReplicas: 2,
    readyReplicas: 2,
    availableReplicas: 2,
    terminatingReplicas: 0,
    observedGeneration: 1,
  });
});

test("ReplicaSet replaces a pod that somebody deleted or that failed", async () => {
  await using cluster = await makeCluster();
  const set = web(3);
  delete set.spec!.template!.metadata!.finalizers;
  await cluster.create(replicaSets, set);
  const [deleted, failed] = await cluster.list(pods);
  await cluster.delete(pods, deleted!);
  await cluster.api.updateStatus(pods, { ...failed!, status: { phase: "Failed" } });
  await cluster.settled();
  const active = (await cluster.list(pods)).filter(({ status: s }) => s?.phase !== "Failed");
  assert.equal(active.length, 3);
});

test("ReplicaSet adopts pods it selects and lets go of those it no longer selects", async () => {
  await using cluster = await makeCluster();
  await cluster.api.create(pods, {
    metadata: { name: "stray", namespace: "default", labels: { app: "web" } },
    spec: { containers: [] },
  });
  await cluster.create(replicaSets, web(2));
  const stray = await cluster.api.get(pods, "default/stray");
  assert.equal(stray.metadata.ownerReferences?.[0]?.name, "web");
  assert.equal((await cluster.list(pods)).length, 2);

  await cluster.change(pods, "default/stray", ({ metadata }) => (metadata.labels = { app: "other" }));
  assert.deepEqual((await cluster.api.get(pods, "default/stray")).metadata.ownerReferences, []);
  assert.equal((await cluster.list(pods)).length, 3);
});

test("ReplicaSet does not adopt pods that have another controller", async () => {
  await using cluster = await makeCluster();
  await cluster.api.create(pods, {
    metadata: {
      name: "taken",
      namespace: "default",
      labels: { app: "web" },
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "ReplicaSet", name: "other", uid: "other", controller: true },
      ],
    },
    spec: { containers: [] },
  });
  await cluster.create(replicaSets, web(1));
  assert.equal((await cluster.list(pods)).length, 2);
});

test("ReplicaSet that may create no pods does not try all, and says why", async () => {
  await using cluster = await makeCluster();
  cluster.transport.fault = ({ method, path }) => {
    if (method === "POST" && path.endsWith("/pods"))
      throw forbidden({ group: "", resource: "pods" }, "web-1", "exceeded quota");
  };
  await cluster.api.create(replicaSets, web(100));
  for (let i = 0; i < 200 && !cluster.transport.requests.some(({ path }) => path.endsWith("/status")); i++) {
    await new Promise(setImmediate);
  }
  const tried = cluster.transport.requests.filter(
    ({ method, path }) => method === "POST" && path.endsWith("/pods"),
  );
  assert.ok(tried.length <= 2, `tried ${tried.length} times`); // the second because its own status woke it
  cluster.transport.fault = undefined;
  const [failure] = (await status(cluster)).conditions!;
  assert.equal(failure!.type, "ReplicaFailure");
  assert.equal(failure!.reason, "FailedCreate");
  assert.equal(failure!.message, 'pods "web-1" is forbidden: exceeded quota');

  await cluster.pass(1000);
  assert.equal((await cluster.list(pods)).length, 100);
  assert.equal((await status(cluster)).conditions, undefined);
});

test("ReplicaSet deletes the pods whose loss costs least, and tells", async () => {
  await using cluster = await makeWorld([replicaSetController]);
  const set = web(3);
  delete set.spec!.template!.metadata!.finalizers;
  await cluster.create(replicaSets, set);
  const [first, second, third] = await cluster.list(pods);
  for (const running of [first!, third!]) {
    await cluster.api.patch(pods, keyOf(running), { spec: { nodeName: "n1" }, status: { phase: "Running" } });
  }
  await cluster.change(replicaSets, "default/web", ({ spec }) => (spec!.replicas = 2));
  const left = (await cluster.list(pods)).map(({ metadata }) => metadata.name);
  assert.deepEqual(left, [first!.metadata.name, third!.metadata.name]);
  const said = (await cluster.list(events)).map(({ message }) => message);
  assert.ok(said.includes(`Deleted pod: ${second!.metadata.name}`));
});
