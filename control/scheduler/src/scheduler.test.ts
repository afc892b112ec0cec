/** The scheduler as a whole, over an API in memory. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createApi } from "@knarr/client/create-api.ts";
import { MemoryTransport } from "@knarr/client/testing/memory-transport.ts";
import { event as events } from "@knarr/kinds/core/event.ts";
import { node as nodes } from "@knarr/kinds/core/node.ts";
import { pod as pods } from "@knarr/kinds/core/pod.ts";
import { podDisruptionBudget as budgets } from "@knarr/kinds/policy/pod-disruption-budget.ts";
import type { Node, Pod } from "@knarr/kinds/generated/core-v1.ts";
import { FakeClock } from "@knarr/std/clock.ts";
import { silent } from "@knarr/std/log.ts";
import { startScheduler } from "./start.ts";

async function makeCluster() {
  const transport = new MemoryTransport();
  const clock = new FakeClock();
  const api = createApi(transport);
  const scheduler = await startScheduler({ transport, log: silent, clock });
  return {
    transport,
    api,
    clock,
    async settled() {
      for (let i = 0; i < 60; i++) await new Promise(setImmediate);
    },
    async nodeOf(name: string) {
      return (await api.get(pods, `default/${name}`)).spec!.nodeName;
    },
    [Symbol.asyncDispose]: () => scheduler[Symbol.asyncDispose](),
  };
}

function node(name: string, cpu = "4"): Node {
  return { metadata: { name }, spec: {}, status: { allocatable: { cpu, memory: "8Gi", pods: "10" } } };
}

function pod(name: string, cpu = "1", spec: Partial<NonNullable<Pod["spec"]>> = {}): Pod {
  return {
    metadata: { name, namespace: "default" },
    spec: {
      schedulerName: "default-scheduler",
      containers: [{ name: "c", resources: { requests: { cpu } } }],
      ...spec,
    },
  };
}

test("Scheduler binds pods, and tells", async () => {
  await using cluster = await makeCluster();
  await cluster.api.create(nodes, node("n1"));
  await cluster.api.create(pods, pod("p"));
  await cluster.settled();
  assert.equal(await cluster.nodeOf("p"), "n1");
  const [said] = (await cluster.api.list(events)).items;
  assert.equal(said!.reason, "Scheduled");
  assert.equal(said!.message, "Successfully assigned default/p to n1");
  assert.equal(said!.source!.component, "default-scheduler");
});

test("Scheduler leaves pods of other schedulers alone", async () => {
  await using cluster = await makeCluster();
  await cluster.api.create(nodes, node("n1"));
  await cluster.api.create(pods, pod("p", "1", { schedulerName: "mine" }));
  await cluster.settled();
  assert.equal(await cluster.nodeOf("p"), undefined);
});

test("Scheduler says on the pod why it has no node, and gives it one when the world changes", async () => {
  await using cluster = await makeCluster();
  await cluster.api.create(nodes, node("small", "1"));
  await cluster.api.create(pods, pod("p", "2"));
  await cluster.settled();
  const condition = (await cluster.api.get(pods, "default/p")).status!.conditions![0]!;
  assert.deepEqual(
    [condition.type, condition.status, condition.reason],
    ["PodScheduled", "False", "Unschedulable"],
  );
  const message =
    "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.";
  assert.equal(condition.message, message);
  const [said] = (await cluster.api.list(events)).items;
  assert.deepEqual([said!.type, said!.reason, said!.message], ["Warning", "FailedScheduling", message]);

  await cluster.api.create(nodes, node("large"));
  await cluster.settled();
  assert.equal(await cluster.nodeOf("p"), "large");
});

test("Scheduler gives the room of a deleted pod to one that waits for it", async () => {
  await using cluster = await makeCluster();
  await cluster.api.create(nodes, node("n1", "1"));
  await cluster.api.create(pods, pod("first"));
  await cluster.settled();
  await cluster.api.create(pods, pod("second"));
  await cluster.settled();
  assert.equal(await cluster.nodeOf("second"), undefined);
  await cluster.api.delete(pods, "default/first");
  await cluster.settled();
  assert.equal(await cluster.nodeOf("second"), "n1");
});

test("Scheduler never puts more on a node than it holds, however many pods come at once", async () => {
  await using cluster = await makeCluster();
  for (const name of ["n1", "n2", "n3"]) await cluster.api.create(nodes, node(name, "2"));
  await Promise.all(Array.from({ length: 10 }, (_, i) => cluster.api.create(pods, pod(`p${i}`))));
  await cluster.settled();
  const placed = (await cluster.api.list(pods)).items
    .map(({ spec }) => spec!.nodeName)
    .filter((name) => name);
  assert.deepEqual(placed.toSorted(), ["n1", "n1", "n2", "n2", "n3", "n3"]);
});

test("Scheduler takes a pod whose binding failed off the node again, and tries later", async () => {
  await using cluster = await makeCluster();
  await cluster.api.create(nodes, node("n1", "1"));
  let failures = 1;
  cluster.transport.fault = ({ path }) => {
    if (path.endsWith("/binding") && failures-- > 0) throw new Error("no answer");
  };
  await cluster.api.create(pods, pod("p"));
  await cluster.settled();
  assert.equal(await cluster.nodeOf("p"), undefined);
  cluster.clock.advance(1000);
  await cluster.settled();
  assert.equal(await cluster.nodeOf("p"), "n1");
});

test("Scheduler evicts less important pods for a more important one", async () => {
  await using cluster = await makeCluster();
  await cluster.api.create(nodes, node("n1", "2"));
  await cluster.api.create(nodes, node("n2", "2"));
  await cluster.api.create(pods, pod("low", "2", { priority: 1 }));
  await cluster.settled();
  await cluster.api.create(pods, pod("middle", "2", { priority: 5 }));
  await cluster.settled();
  await cluster.api.create(pods, pod("high", "2", { priority: 10 }));
  await cluster.settled();
  cluster.clock.advance(1000);
  await cluster.settled();
  const left = (await cluster.api.list(pods)).items.map(({ metadata }) => metadata.name!).toSorted();
  assert.deepEqual(left, ["high", "middle"]);
  assert.ok(await cluster.nodeOf("high"));
  const said = (await cluster.api.list(events)).items.find(({ reason }) => reason === "Preempted");
  assert.equal(said!.involvedObject.name, "low");
});

test("Scheduler evicts a more important pod rather than one that a disruption budget keeps, and that one when nothing else helps", async () => {
  await using cluster = await makeCluster();
  await cluster.api.create(nodes, node("n1", "2"));
  await cluster.api.create(nodes, node("n2", "2"));
  await cluster.api.create(budgets, {
    metadata: { name: "kept", namespace: "default" },
    spec: { minAvailable: 1, selector: { matchLabels: { app: "kept" } } },
    status: { disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 },
  });
  const kept = pod("kept", "2", { priority: 1 });
  await cluster.api.create(pods, { ...kept, metadata: { ...kept.metadata, labels: { app: "kept" } } });
  await cluster.api.create(pods, pod("middle", "2", { priority: 5 }));
  await cluster.settled();
  for (const [name, left] of [
    ["high", ["high", "kept"]],
    ["higher", ["high", "higher"]],
  ] as const) {
    await cluster.api.create(pods, pod(name, "2", { priority: 10 }));
    await cluster.settled();
    cluster.clock.advance(1000);
    await cluster.settled();
    const names = (await cluster.api.list(pods)).items.map(({ metadata }) => metadata.name!);
    assert.deepEqual(names.toSorted(), left);
    assert.ok(await cluster.nodeOf(name));
  }
});

const beside = (kind: "podAffinity" | "podAntiAffinity", app: string) => ({
  affinity: {
    [kind]: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { labelSelector: { matchLabels: { app } }, topologyKey: "kubernetes.io/hostname" },
      ],
    },
  },
});
const labelled = (one: Pod, app: string): Pod => ({ ...one, metadata: { ...one.metadata, labels: { app } } });
const hosts = (name: string): Node => {
  const { metadata, ...rest } = node(name);
  return { metadata: { ...metadata, labels: { "kubernetes.io/hostname": name } }, ...rest };
};

test("Scheduler places a pod that must be near others as soon as one of them has a node", async () => {
  await using cluster = await makeCluster();
  for (const name of ["n1", "n2"]) await cluster.api.create(nodes, hosts(name));
  await cluster.api.create(pods, pod("near", "1", beside("podAffinity", "web")));
  await cluster.settled();
  assert.equal(await cluster.nodeOf("near"), undefined);
  cluster.clock.advance(1000);
  await cluster.api.create(
    pods,
    labelled(pod("web", "1", { nodeSelector: { "kubernetes.io/hostname": "n2" } }), "web"),
  );
  await cluster.settled();
  assert.equal(await cluster.nodeOf("near"), "n2");
});

test("Scheduler evicts those that a more important pod cannot be beside, and no other", async () => {
  await using cluster = await makeCluster();
  await cluster.api.create(nodes, hosts("n1"));
  await cluster.api.create(pods, labelled(pod("shunned", "1", { priority: 1 }), "web"));
  await cluster.api.create(pods, pod("neutral", "1", { priority: 0 }));
  await cluster.settled();
  await cluster.api.create(pods, pod("high", "1", { priority: 10, ...beside("podAntiAffinity", "web") }));
  await cluster.settled();
  cluster.clock.advance(1000);
  await cluster.settled();
  const left = (await cluster.api.list(pods)).items.map(({ metadata }) => metadata.name!);
  assert.deepEqual(left.toSorted(), ["high", "neutral"]);
  assert.equal(await cluster.nodeOf("high"), "n1");
});

test("Scheduler evicts nobody of the same or higher priority", async () => {
  await using cluster = await makeCluster();
  await cluster.api.create(nodes, node("n1", "2"));
  await cluster.api.create(pods, pod("first", "2", { priority: 10 }));
  await cluster.settled();
  await cluster.api.create(pods, pod("second", "2", { priority: 10 }));
  await cluster.settled();
  const { status } = await cluster.api.get(pods, "default/second");
  assert.equal(
    status!.conditions![0]!.message,
    "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.",
  );
  assert.equal((await cluster.api.list(pods)).items.length, 2);
});

test("Scheduler releases gated pods when their gates are gone", async () => {
  await using cluster = await makeCluster();
  await cluster.api.create(nodes, node("n1"));
  await cluster.api.create(pods, pod("p", "1", { schedulingGates: [{ name: "wait" }] }));
  await cluster.settled();
  assert.equal(await cluster.nodeOf("p"), undefined);
  await cluster.api.patch(pods, "default/p", { spec: { schedulingGates: null } });
  await cluster.settled();
  assert.equal(await cluster.nodeOf("p"), "n1");
});
