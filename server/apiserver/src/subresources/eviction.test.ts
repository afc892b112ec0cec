/** Evictions: a pod goes when its disruption budget can bear it, and is not asked about when it counts for nothing. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { pod } from "@knarr/kinds/core/pod.ts";
import type { PodDisruptionBudget, PodDisruptionBudgetStatus } from "@knarr/kinds/generated/policy-v1.ts";
import { podDisruptionBudget } from "@knarr/kinds/policy/pod-disruption-budget.ts";
import { startTestServer, type TestServer } from "../testing/server.ts";

const labels = { app: "db" };

async function withPod(isReady: boolean): Promise<TestServer> {
  const rig = await startTestServer();
  const created = await rig.api.create(pod, {
    metadata: { name: "db-0", namespace: "default", labels },
    spec: { nodeName: "n1", containers: [{ name: "c", image: "i" }] },
  });
  const condition = { type: "Ready", status: isReady ? "True" : "False" };
  await rig.api.updateStatus(pod, { ...created, status: { phase: "Running", conditions: [condition] } });
  return rig;
}

async function makeBudget(
  rig: TestServer,
  status: Partial<PodDisruptionBudgetStatus>,
  { name = "db", ...spec }: { name?: string; unhealthyPodEvictionPolicy?: string } = {},
): Promise<void> {
  const created = await rig.api.create(podDisruptionBudget, {
    metadata: { name, namespace: "default" },
    spec: { minAvailable: 2, selector: { matchLabels: labels }, ...spec },
  });
  const seen = { observedGeneration: 1, disruptionsAllowed: 0, currentHealthy: 2, desiredHealthy: 2 };
  await rig.api.updateStatus(podDisruptionBudget, { ...created, status: { ...seen, ...status } } as never);
}

const evict = (rig: TestServer, deleteOptions: object = {}): Promise<unknown> =>
  rig.api.post(pod, "default/db-0", "eviction", {
    apiVersion: "policy/v1",
    kind: "Eviction",
    metadata: { name: "db-0" },
    deleteOptions,
  } as never);

const isLeaving = (rig: TestServer): boolean =>
  rig.server.world.get(pod, "default/db-0")!.metadata.deletionTimestamp !== undefined;
const budget = (rig: TestServer): PodDisruptionBudget =>
  rig.server.world.get(podDisruptionBudget, "default/db")!;

function refusal(code: number, cause: string | undefined, retryAfterSeconds?: number) {
  return (err: any): boolean => {
    assert.equal(err.code, code);
    assert.equal(err.details?.causes?.[0]?.message, cause);
    assert.equal(err.details?.retryAfterSeconds, retryAfterSeconds);
    return true;
  };
}

test("eviction takes one of the disruptions that are left, and the budget knows the pod", async () => {
  await using rig = await withPod(true);
  await makeBudget(rig, { disruptionsAllowed: 1 });
  await evict(rig, { dryRun: ["All"] });
  assert.equal(budget(rig).status!.disruptionsAllowed, 1);
  assert.equal(isLeaving(rig), false);

  await evict(rig);
  const { disruptionsAllowed, disruptedPods, conditions } = budget(rig).status!;
  assert.equal(disruptionsAllowed, 0);
  assert.deepEqual(disruptedPods, { "db-0": "2026-01-01T00:00:00Z" });
  assert.equal(conditions![0]!.reason, "InsufficientPods");
  assert.equal(isLeaving(rig), true);
});

test("eviction is refused while the budget allows no disruption", async () => {
  await using rig = await withPod(true);
  await makeBudget(rig, {});
  const cause = "The disruption budget db needs 2 healthy pods and has 2 currently";
  await assert.rejects(evict(rig), refusal(429, cause));
  await assert.rejects(evict(rig, { dryRun: ["All"] }), refusal(429, cause));
  assert.equal(isLeaving(rig), false);
});

test("eviction is to be tried again while the budget's controller has not seen its spec", async () => {
  await using rig = await withPod(true);
  await makeBudget(rig, { observedGeneration: 0, disruptionsAllowed: 1 });
  const cause = "The disruption budget db is still being processed by the server.";
  await assert.rejects(evict(rig), refusal(429, cause, 10));
});

test("an unready pod goes without a disruption while enough others are healthy", async () => {
  await using rig = await withPod(false);
  await makeBudget(rig, { disruptionsAllowed: 0 });
  await evict(rig);
  assert.equal(isLeaving(rig), true);
  assert.equal(budget(rig).status!.disruptedPods, undefined);
});

test("an unready pod of an unhealthy application stays, unless its budget always lets such pods go", async () => {
  await using strict = await withPod(false);
  await makeBudget(strict, { currentHealthy: 1 });
  const cause = "The disruption budget db needs 2 healthy pods and has 1 currently";
  await assert.rejects(evict(strict), refusal(429, cause));
  await using lenient = await withPod(false);
  await makeBudget(lenient, { currentHealthy: 1 }, { unhealthyPodEvictionPolicy: "AlwaysAllow" });
  await evict(lenient);
  assert.equal(isLeaving(lenient), true);
});

test("a pod with two budgets cannot be evicted; one that is over needs none", async () => {
  await using rig = await withPod(true);
  await makeBudget(rig, {});
  await makeBudget(rig, {}, { name: "other" });
  await assert.rejects(evict(rig), refusal(500, undefined));
  await rig.api.patch(pod, "default/db-0", { status: { phase: "Failed" } }, { subresource: "status" });
  await evict(rig);
  assert.equal(rig.server.world.get(pod, "default/db-0"), undefined);
});
