/** Disruption budgets say how many of their pods may go, and evictions keep to it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { discover } from "@knarr/client/discovery.ts";
import { replicaSet } from "@knarr/kinds/apps/replicaset.ts";
import { event as events } from "@knarr/kinds/core/event.ts";
import { pod as pods } from "@knarr/kinds/core/pod.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import type { OwnerReference } from "@knarr/machinery/object.ts";
import type { PodDisruptionBudgetSpec, PodDisruptionBudgetStatus } from "@knarr/kinds/generated/policy-v1.ts";
import { job as jobs } from "@knarr/kinds/batch/job.ts";
import { podDisruptionBudget as budgets } from "@knarr/kinds/policy/pod-disruption-budget.ts";
import { ApiError } from "@knarr/machinery/status.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import { TestCluster } from "@knarr/test-cluster/test-cluster.ts";
import { disruptionController } from "./controller.ts";
import { staleDisruptionController } from "./stale-condition.ts";

async function start(): Promise<TestCluster> {
  const cluster: TestCluster = await TestCluster.start({
    controllers: [
      disruptionController((signal) => discover(cluster.transport, signal)),
      staleDisruptionController,
    ],
  });
  return cluster;
}

const labels = { app: "web" };

async function makePods(cluster: TestCluster, count: number, owner?: OwnerReference): Promise<Pod[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => makePod(cluster, `web-${i}`, owner)));
}

async function makePod(cluster: TestCluster, name: string, owner?: OwnerReference): Promise<Pod> {
  const made = await cluster.create(pods, {
    metadata: { name, namespace: "default", labels, ...(owner && { ownerReferences: [owner] }) },
    spec: { nodeName: "node", containers: [{ name: "c", image: "i" }] },
  });
  return setReady(cluster, made, "True");
}

async function setReady(cluster: TestCluster, pod: Pod, status: string): Promise<Pod> {
  const condition = { type: "Ready", status, lastTransitionTime: formatTime(cluster.clock.now()) };
  return cluster.updateStatus(pods, { ...pod, status: { phase: "Running", conditions: [condition] } });
}

async function makeBudget(cluster: TestCluster, spec: PodDisruptionBudgetSpec, name = "budget") {
  await cluster.create(budgets, {
    metadata: { name, namespace: "default" },
    spec: { selector: { matchLabels: labels }, ...spec },
  });
  await cluster.settled();
}

function statusOf(cluster: TestCluster): PodDisruptionBudgetStatus {
  return cluster.get(budgets, "default/budget")!.status!;
}

function counts(cluster: TestCluster): readonly (number | undefined)[] {
  const { expectedPods, currentHealthy, desiredHealthy, disruptionsAllowed } = statusOf(cluster);
  return [expectedPods, currentHealthy, desiredHealthy, disruptionsAllowed];
}

function reasons(cluster: TestCluster): readonly string[] {
  return cluster.list(events).map(({ reason }) => reason!);
}

async function evict(cluster: TestCluster, name: string): Promise<"gone" | string> {
  return cluster.api
    .post(pods, `default/${name}`, "eviction", {
      apiVersion: "policy/v1",
      kind: "Eviction",
      metadata: { name, namespace: "default" },
    })
    .then(
      () => "gone",
      (err: ApiError) => err.details!.causes![0]!.message!,
    );
}

async function makeSet(cluster: TestCluster, replicas: number): Promise<OwnerReference> {
  const { metadata } = await cluster.create(replicaSet, {
    metadata: { name: "web", namespace: "default" },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "c", image: "i" }] } },
    },
  });
  return { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web", uid: metadata.uid!, controller: true };
}

test("a budget counts its pods, and says whether some may go", async () => {
  await using cluster = await start();
  await makeBudget(cluster, { minAvailable: 2 });
  assert.deepEqual(counts(cluster), [0, 0, 2, 0]);
  assert.deepEqual(reasons(cluster), ["NoPods"]);

  const [first] = await makePods(cluster, 3);
  await cluster.settled();
  assert.deepEqual(counts(cluster), [3, 3, 2, 1]);
  const { conditions, observedGeneration } = statusOf(cluster);
  assert.equal(observedGeneration, 1);
  assert.deepEqual(
    conditions!.map(({ type, status, reason }) => [type, status, reason]),
    [["DisruptionAllowed", "True", "SufficientPods"]],
  );

  await setReady(cluster, first!, "False");
  await cluster.settled();
  assert.deepEqual(counts(cluster), [3, 2, 2, 0]);
  assert.equal(statusOf(cluster).conditions![0]!.reason, "InsufficientPods");
});

test("an eviction takes what is left, and the next one waits", async () => {
  await using cluster = await start();
  await makePods(cluster, 3);
  await makeBudget(cluster, { minAvailable: 2 });
  assert.equal(await evict(cluster, "web-0"), "gone");
  assert.equal(
    await evict(cluster, "web-1"),
    "The disruption budget budget does not allow evicting pods currently",
  );
  await cluster.settled();
  assert.deepEqual(counts(cluster), [3, 2, 2, 0]);
  assert.equal(statusOf(cluster).disruptedPods, undefined);
});

test("percentages are of what the controllers of the pods want, rounded up", async () => {
  await using cluster = await start();
  const owner = await makeSet(cluster, 5);
  await makePods(cluster, 4, owner);
  await makeBudget(cluster, { minAvailable: "50%" });
  assert.deepEqual(counts(cluster), [5, 4, 3, 1]);
  await cluster.patch(budgets, "default/budget", {
    spec: { minAvailable: null, maxUnavailable: "30%" },
  });
  await cluster.settled();
  assert.deepEqual(counts(cluster), [5, 4, 3, 1]);
  await cluster.patch(replicaSet, "default/web", { spec: { replicas: 8 } });
  await cluster.settled();
  assert.deepEqual(counts(cluster), [8, 4, 5, 0]);
});

test("pods without a controller do not count towards shares, and that is told", async () => {
  await using cluster = await start();
  const owner = await makeSet(cluster, 2);
  await makePods(cluster, 2, owner);
  await makePod(cluster, "alone");
  await makeBudget(cluster, { maxUnavailable: 1 });
  assert.deepEqual(counts(cluster), [2, 3, 1, 2]);
  const told = cluster.list(events).find(({ reason }) => reason === "UnmanagedPods")!;
  assert.match(told.message!, /selector: &LabelSelector\{MatchLabels:map\[string\]string\{app: web,\},/);
});

test("what cannot be scaled stops all evictions, and says why", async () => {
  await using cluster = await start();
  const { metadata } = await cluster.create(jobs, {
    metadata: { name: "batch", namespace: "default" },
    spec: {
      suspend: true,
      template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i" }] } },
    },
  });
  const job = { apiVersion: "batch/v1", kind: "Job", name: "batch", uid: metadata.uid!, controller: true };
  await makePods(cluster, 2, job);
  await makeBudget(cluster, { maxUnavailable: 1 });
  const why = "jobs.batch does not implement the scale subresource";
  assert.equal(statusOf(cluster).disruptionsAllowed, 0);
  const [condition] = statusOf(cluster).conditions!;
  assert.deepEqual([condition!.reason, condition!.message], ["SyncFailed", why]);
  assert.deepEqual(reasons(cluster), ["CalculateExpectedPodCountFailed"]);
});

test("an owner that is nowhere stops all evictions too", async () => {
  await using cluster = await start();
  const ref = { apiVersion: "x.org/v1", kind: "Thing", name: "t", uid: "u", controller: true };
  const [first] = await makePods(cluster, 1, ref);
  await makeBudget(cluster, { maxUnavailable: 1 });
  assert.equal(
    statusOf(cluster).conditions![0]!.message,
    'no matches for kind "Thing" in version "x.org/v1"',
  );
  const set = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "gone", uid: "v", controller: true };
  await cluster.patch(pods, "default/web-0", { metadata: { ownerReferences: [set] } });
  await cluster.settled();
  assert.equal(statusOf(cluster).conditions![0]!.message, 'found no controllers for pod "web-0"');
  await cluster.delete(pods, `default/${first!.metadata.name}`, { gracePeriodSeconds: 0 });
  await cluster.settled();
  assert.equal(statusOf(cluster).conditions![0]!.reason, "InsufficientPods");
  assert.equal(statusOf(cluster).conditions![0]!.message, "");
});

test("a pod that was to go counts as gone for two minutes", async () => {
  await using cluster = await start();
  await makePods(cluster, 2);
  await makeBudget(cluster, { minAvailable: 1 });
  const noted = { "web-0": formatTime(cluster.clock.now()), nobody: formatTime(cluster.clock.now()) };
  const budget = cluster.get(budgets, "default/budget")!;
  await cluster.updateStatus(budgets, { ...budget, status: { ...budget.status!, disruptedPods: noted } });
  await cluster.settled();
  assert.deepEqual(counts(cluster), [2, 1, 1, 0]);
  assert.deepEqual(Object.keys(statusOf(cluster).disruptedPods!), ["web-0"]);
  await cluster.pass(121_000);
  assert.deepEqual(counts(cluster), [2, 2, 1, 1]);
  assert.equal(statusOf(cluster).disruptedPods, undefined);
  assert.deepEqual(reasons(cluster), ["NotDeleted"]);
});

test("a pod with two budgets is told of", async () => {
  await using cluster = await start();
  await makePods(cluster, 1);
  await makeBudget(cluster, { minAvailable: 1 });
  await makeBudget(cluster, { minAvailable: 1 }, "zweites");
  await setReady(cluster, cluster.get(pods, "default/web-0")!, "False");
  await cluster.settled();
  assert.deepEqual(reasons(cluster), ["MultiplePodDisruptionBudgets"]);
});

test("what was said of a pod that nobody deletes is taken back after two minutes", async () => {
  await using cluster = await start();
  const [pod] = await makePods(cluster, 1);
  const since = formatTime(cluster.clock.now());
  const condition = {
    type: "DisruptionTarget",
    status: "True",
    reason: "EvictionByEvictionAPI",
    message: "Eviction API: evicting",
    lastTransitionTime: since,
  };
  await cluster.updateStatus(pods, { ...pod!, status: { ...pod!.status, conditions: [condition] } });
  await cluster.pass(119_000);
  assert.equal(cluster.get(pods, "default/web-0")!.status!.conditions![0]!.status, "True");
  await cluster.pass(2000);
  const [after] = cluster.get(pods, "default/web-0")!.status!.conditions!;
  assert.deepEqual([after!.status, after!.reason, after!.message], ["False", undefined, undefined]);
});
