/** Nodes that go silent, and what becomes of their pods. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { lease as leases } from "@knarr/kinds/coordination/lease.ts";
import { node as nodes } from "@knarr/kinds/core/node.ts";
import { pod as pods } from "@knarr/kinds/core/pod.ts";
import type { Node, Toleration } from "@knarr/kinds/generated/core-v1.ts";
import { formatMicroTime } from "@knarr/machinery/time.ts";
import { podGcController } from "../pod-gc/controller.ts";
import { taintEvictionController, toleratedMs } from "../taint-eviction/controller.ts";
import { makeWorld } from "../testing/world.ts";
import { nodeLifecycleController } from "./controller.ts";

const makeCluster = () =>
  makeWorld([nodeLifecycleController(), taintEvictionController(), podGcController()]);
type Cluster = Awaited<ReturnType<typeof makeCluster>>;

function node(name: string, heartbeat = "2026-01-01T00:00:00Z"): Node {
  return {
    metadata: { name, labels: { "kubernetes.io/os": "linux" } },
    status: { conditions: [{ type: "Ready", status: "True", lastHeartbeatTime: heartbeat }] },
  };
}

/** Two nodes with a pod each on the first; the second keeps renewing its lease while time passes. */
async function makeNodes(tolerations: readonly Toleration[] = []) {
  const cluster = await makeCluster();
  await cluster.create(nodes, node("silent"));
  await cluster.create(nodes, node("alive"));
  for (const name of ["silent", "alive"]) {
    await cluster.create(leases, { metadata: { name, namespace: "kube-node-lease" }, spec: {} });
  }
  await cluster.create(pods, {
    metadata: { name: "p", namespace: "default" },
    spec: { nodeName: "silent", containers: [], tolerations: [...tolerations] },
    status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
  });
  return cluster;
}

async function passWithLease(cluster: Cluster, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 5000) {
    await cluster.pass(5000, 5000);
    const spec = { renewTime: formatMicroTime(cluster.clock.now()) };
    await cluster.api.patch(leases, "kube-node-lease/alive", { spec });
    await cluster.settled();
  }
}

const readyOf = async (cluster: Cluster, name: string) =>
  (await cluster.api.get(nodes, name)).status!.conditions!.find(({ type }) => type === "Ready")!;
const taintsOf = async (cluster: Cluster, name: string) =>
  ((await cluster.api.get(nodes, name)).spec?.taints ?? [])
    .map(({ key, effect }) => `${key}:${effect}`)
    .toSorted();

test("Node that renews its lease stays ready; one that is silent becomes unknown, tainted, its pods not ready", async () => {
  await using cluster = await makeNodes([{ operator: "Exists" }]);
  await passWithLease(cluster, 45_000);
  assert.equal((await readyOf(cluster, "silent")).status, "True");
  await passWithLease(cluster, 10_000);
  assert.equal((await readyOf(cluster, "alive")).status, "True");
  const { status, reason, message } = await readyOf(cluster, "silent");
  assert.deepEqual(
    [status, reason, message],
    ["Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."],
  );
  const unreachable = "node.kubernetes.io/unreachable";
  assert.deepEqual(await taintsOf(cluster, "silent"), [
    `${unreachable}:NoExecute`,
    `${unreachable}:NoSchedule`,
  ]);
  const [pod] = await cluster.list(pods);
  assert.equal(pod!.status!.conditions!.find(({ type }) => type === "Ready")!.status, "False");
});

test("Pods leave an unreachable node when the time they tolerate is up", async () => {
  await using cluster = await makeNodes([
    { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute", tolerationSeconds: 60 },
  ]);
  await passWithLease(cluster, 100_000);
  assert.equal((await cluster.list(pods)).length, 1);
  await passWithLease(cluster, 20_000);
  assert.equal((await cluster.list(pods)).length, 0);
});

test("Pods stay when the node comes back in time", async () => {
  await using cluster = await makeNodes([
    { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute", tolerationSeconds: 60 },
  ]);
  await passWithLease(cluster, 70_000);
  await cluster.change(
    nodes,
    "silent",
    (object) => (object.status = node("silent", "2026-01-01T00:01:10Z").status!),
  );
  assert.deepEqual(await taintsOf(cluster, "silent"), []);
  await passWithLease(cluster, 40_000);
  assert.equal((await cluster.list(pods)).length, 1);
});

test("Nobody is driven anywhere when no node at all is ready", async () => {
  await using cluster = await makeNodes();
  await cluster.pass(120_000, 5000);
  assert.equal((await readyOf(cluster, "alive")).status, "Unknown");
  assert.deepEqual(await taintsOf(cluster, "silent"), ["node.kubernetes.io/unreachable:NoSchedule"]);
  assert.equal((await cluster.list(pods)).length, 1);
});

test("Conditions and cordoning become taints at once, and go with their cause", async () => {
  await using cluster = await makeCluster();
  const pressed = node("n");
  pressed.status!.conditions!.push({ type: "DiskPressure", status: "True" });
  await cluster.create(nodes, pressed);
  await cluster.change(nodes, "n", (object) => (object.spec = { ...object.spec, unschedulable: true }));
  assert.deepEqual(await taintsOf(cluster, "n"), [
    "node.kubernetes.io/disk-pressure:NoSchedule",
    "node.kubernetes.io/unschedulable:NoSchedule",
  ]);
  await cluster.change(nodes, "n", (object) => {
    object.spec!.unschedulable = false;
    object.status!.conditions!.pop();
    object.spec!.taints!.push({ key: "mine", effect: "NoSchedule" });
  });
  assert.deepEqual(await taintsOf(cluster, "n"), ["mine:NoSchedule"]);
  assert.equal((await cluster.api.get(nodes, "n")).metadata.labels!["beta.kubernetes.io/os"], "linux");
});

test("Pods of a node that no longer exists are removed after a while", async () => {
  await using cluster = await makeNodes();
  await cluster.delete(nodes, node("silent"));
  await cluster.pass(35_000, 5000);
  assert.equal((await cluster.list(pods)).length, 1);
  await cluster.pass(10_000, 5000);
  assert.equal((await cluster.list(pods)).length, 0);
});

test("A pod deleted before it got a node is removed", async () => {
  await using cluster = await makeCluster();
  await cluster.create(pods, {
    metadata: { name: "p", namespace: "default", deletionTimestamp: "2026-01-01T00:00:00Z" },
    spec: { containers: [] },
  });
  assert.equal((await cluster.list(pods)).length, 0);
});

const taint = { key: "k", value: "v", effect: "NoExecute" };
for (const { name, tolerations, ms } of [
  { name: "nothing: not at all", tolerations: [], ms: 0 },
  { name: "another taint: not at all", tolerations: [{ key: "other", operator: "Exists" }], ms: 0 },
  { name: "it by key and value: for ever", tolerations: [{ key: "k", value: "v" }], ms: Infinity },
  { name: "everything: for ever", tolerations: [{ operator: "Exists" }], ms: Infinity },
  { name: "it for 30 s", tolerations: [{ key: "k", operator: "Exists", tolerationSeconds: 30 }], ms: 30_000 },
  {
    name: "it for less than no time",
    tolerations: [{ key: "k", operator: "Exists", tolerationSeconds: -5 }],
    ms: 0,
  },
  {
    name: "it for another effect: not at all",
    tolerations: [{ key: "k", operator: "Exists", effect: "NoSchedule" }],
    ms: 0,
  },
] satisfies { name: string; tolerations: Toleration[]; ms: number }[]) {
  test(`toleratedMs of a pod that tolerates ${name}`, () => {
    assert.equal(toleratedMs(tolerations, [taint]), ms);
  });
}
