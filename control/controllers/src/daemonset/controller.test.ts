/** DaemonSets have a pod on every node that is fit for it, follow nodes and templates, and keep a history. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { controllerRevision } from "@knarr/kinds/apps/controller-revision.ts";
import { daemonSet } from "@knarr/kinds/apps/daemon-set.ts";
import { event as events } from "@knarr/kinds/core/event.ts";
import { node as nodes } from "@knarr/kinds/core/node.ts";
import { pod as pods } from "@knarr/kinds/core/pod.ts";
import type { DaemonSet, DaemonSetSpec, DaemonSetStatus } from "@knarr/kinds/generated/apps-v1.ts";
import type { Pod, PodTemplateSpec } from "@knarr/kinds/generated/core-v1.ts";
import { keyOf } from "@knarr/machinery/object.ts";
import { sortedKeys } from "@knarr/machinery/quote.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import { TestCluster } from "@knarr/test-cluster/test-cluster.ts";
import { daemonSetController } from "./controller.ts";
import { targetOf } from "./placement.ts";

const labels = { app: "agent" };

function template(image: string): PodTemplateSpec {
  return { metadata: { labels }, spec: { containers: [{ name: "c", image }] } };
}

async function start(...names: readonly string[]): Promise<TestCluster> {
  const cluster: TestCluster = await TestCluster.start({ controllers: [daemonSetController()] });
  for (const name of names) await makeNode(cluster, name);
  return cluster;
}

async function makeNode(cluster: TestCluster, name: string): Promise<void> {
  await cluster.create(nodes, { metadata: { name, labels: { name } } });
  await cluster.patch(nodes, name, { spec: { taints: null } }); // admission holds new ones to be not ready
}

async function make(cluster: TestCluster, spec: Partial<DaemonSetSpec> = {}): Promise<DaemonSet> {
  const made = await cluster.create(daemonSet, {
    metadata: { name: "agent", namespace: "default" },
    spec: { selector: { matchLabels: labels }, template: template("one"), ...spec },
  });
  await cluster.settled();
  return made;
}

/** Nodes of all pods that stay, with their images. */
function placed(cluster: TestCluster): readonly string[] {
  return staying(cluster)
    .map((pod) => `${targetOf(pod)}:${pod.spec!.containers[0]!.image}`)
    .sort();
}

function staying(cluster: TestCluster): readonly Pod[] {
  return cluster.list(pods).filter(({ metadata }) => !metadata.deletionTimestamp);
}

/** Binds all pods and lets them be ready; those told to go are gone. */
async function run(cluster: TestCluster): Promise<void> {
  await cluster.settled();
  for (const pod of cluster.list(pods)) {
    const key = keyOf(pod);
    if (pod.metadata.deletionTimestamp) await cluster.delete(pods, key, { gracePeriodSeconds: 0 });
    else if (!pod.spec!.nodeName) await bind(cluster, pod);
  }
  await cluster.settled();
}

async function bind(cluster: TestCluster, pod: Pod, phase = "Running"): Promise<void> {
  const { name = "", namespace = "" } = pod.metadata;
  await cluster.api.post(pods, keyOf(pod), "binding", {
    apiVersion: "v1",
    kind: "Binding",
    metadata: { name, namespace },
    target: { kind: "Node", name: targetOf(pod)! },
  } as never);
  await setPhase(cluster, keyOf(pod), phase);
}

async function setPhase(cluster: TestCluster, key: string, phase: string): Promise<void> {
  const status = phase === "Running" ? "True" : "False";
  const condition = { type: "Ready", status, lastTransitionTime: formatTime(cluster.clock.now()) };
  const pod = cluster.get(pods, key)!;
  await cluster.updateStatus(pods, { ...pod, status: { phase, conditions: [condition] } });
}

function statusOf(cluster: TestCluster): DaemonSetStatus {
  return cluster.get(daemonSet, "default/agent")!.status!;
}

async function setImage(cluster: TestCluster, image: string): Promise<void> {
  await cluster.patch(daemonSet, "default/agent", {
    spec: { template: { spec: { containers: [{ name: "c", image }] } } },
  });
  await cluster.settled();
}

function revisions(cluster: TestCluster): readonly string[] {
  return cluster
    .list(controllerRevision)
    .toSorted((a, b) => a.revision - b.revision)
    .map(({ revision, data }) => `${revision}:${(data as any).spec.template.spec.containers[0].image}`);
}

test("DaemonSet has a pod on every node, also on those that come later", async () => {
  await using cluster = await start("a", "b");
  await make(cluster);
  assert.deepEqual(placed(cluster), ["a:one", "b:one"]);
  await run(cluster);
  await makeNode(cluster, "c");
  await run(cluster);
  assert.deepEqual(placed(cluster), ["a:one", "b:one", "c:one"]);
  assert.deepEqual(statusOf(cluster), {
    currentNumberScheduled: 3,
    desiredNumberScheduled: 3,
    numberAvailable: 3,
    numberMisscheduled: 0,
    numberReady: 3,
    observedGeneration: 1,
    updatedNumberScheduled: 3,
  });
  const { spec } = cluster.get(daemonSet, "default/agent")!;
  const kept = JSON.stringify(cluster.list(controllerRevision)[0]!.data);
  assert.equal(
    kept,
    JSON.stringify(sortedKeys({ spec: { template: { ...spec!.template, $patch: "replace" } } })),
  );
  const [pod] = cluster.list(pods);
  assert.equal(pod!.metadata.labels!["pod-template-generation"], "1");
  assert.ok(pod!.spec!.tolerations!.some(({ key }) => key === "node.kubernetes.io/unschedulable"));
});

test("DaemonSet follows the labels of nodes", async () => {
  await using cluster = await start("a", "b");
  await make(cluster, {
    template: {
      ...template("one"),
      spec: { ...template("one").spec!, nodeSelector: { role: "worker" } },
    },
  });
  assert.deepEqual(placed(cluster), []);
  await cluster.patch(nodes, "a", { metadata: { labels: { role: "worker" } } });
  await run(cluster);
  assert.deepEqual(placed(cluster), ["a:one"]);
  await cluster.patch(nodes, "a", { metadata: { labels: { role: null } } });
  await cluster.settled();
  assert.deepEqual(placed(cluster), []);
  assert.equal(statusOf(cluster).numberMisscheduled, 1);
  await run(cluster);
  assert.equal(statusOf(cluster).numberMisscheduled, 0);
});

test("DaemonSet does not come where a taint keeps it away, and leaves only when it says so", async () => {
  await using cluster = await start("a", "b");
  const taint = (effect: string) => ({ spec: { taints: [{ key: "x", value: "y", effect }] } });
  await cluster.patch(nodes, "b", taint("NoSchedule"));
  await make(cluster);
  await run(cluster);
  assert.deepEqual(placed(cluster), ["a:one"]);
  await cluster.patch(nodes, "a", taint("NoSchedule"));
  await cluster.settled();
  assert.deepEqual(placed(cluster), ["a:one"]);
  assert.deepEqual([statusOf(cluster).desiredNumberScheduled, statusOf(cluster).numberMisscheduled], [0, 1]);
  await cluster.patch(nodes, "a", taint("NoExecute"));
  await cluster.settled();
  assert.deepEqual(placed(cluster), []);
});

test("a pod that was never bound goes with its node", async () => {
  await using cluster = await start("a");
  await make(cluster);
  await cluster.delete(nodes, "a");
  await cluster.settled();
  assert.deepEqual(placed(cluster), []);
});

test("DaemonSet updates node by node, and keeps its history", async () => {
  await using cluster = await start("a", "b");
  await make(cluster);
  await run(cluster);
  await setImage(cluster, "two");
  // one is told to go, the other serves
  assert.equal(staying(cluster).length, 1);
  assert.equal(statusOf(cluster).updatedNumberScheduled, undefined);
  await run(cluster);
  assert.deepEqual(placed(cluster), ["a:two", "b:one"]);
  await run(cluster);
  assert.deepEqual(placed(cluster), ["a:two"]);
  await run(cluster);
  await run(cluster);
  assert.deepEqual(placed(cluster), ["a:two", "b:two"]);
  assert.equal(statusOf(cluster).updatedNumberScheduled, 2);
  assert.deepEqual(revisions(cluster), ["1:one", "2:two"]);

  await setImage(cluster, "one");
  assert.deepEqual(revisions(cluster), ["2:two", "3:one"]);
});

test("DaemonSet with surge brings the new pod before the old one goes", async () => {
  await using cluster = await start("a", "b");
  const rollingUpdate = { maxSurge: 1, maxUnavailable: 0 };
  await make(cluster, { updateStrategy: { type: "RollingUpdate", rollingUpdate } });
  await run(cluster);
  await setImage(cluster, "two");
  assert.deepEqual(placed(cluster), ["a:one", "a:two", "b:one"]);
  await run(cluster);
  assert.deepEqual(placed(cluster), ["a:two", "b:one", "b:two"]);
  await run(cluster);
  assert.deepEqual(placed(cluster), ["a:two", "b:two"]);
});

test("DaemonSet that updates on deletion waits for it", async () => {
  await using cluster = await start("a");
  await make(cluster, { updateStrategy: { type: "OnDelete" } });
  await run(cluster);
  await setImage(cluster, "two");
  assert.deepEqual(placed(cluster), ["a:one"]);
  await cluster.delete(pods, keyOf(cluster.list(pods)[0]!));
  await run(cluster);
  assert.deepEqual(placed(cluster), ["a:two"]);
});

test("DaemonSet replaces pods that ended, slower when they fail again", async () => {
  await using cluster = await start("a");
  await make(cluster);
  const fail = async () => {
    await bind(cluster, cluster.list(pods)[0]!, "Failed");
    await cluster.settled();
  };
  await fail();
  assert.deepEqual(
    cluster.list(events).map(({ reason }) => reason),
    ["SuccessfulCreate", "FailedDaemonPod", "SuccessfulDelete", "SuccessfulCreate"],
  );
  await run(cluster);
  assert.equal(staying(cluster).length, 1);
  await cluster.pass(500);
  await setPhase(cluster, keyOf(staying(cluster)[0]!), "Failed");
  await cluster.settled();
  assert.equal(staying(cluster)[0]!.status!.phase, "Failed");
  await cluster.pass(500);
  assert.equal(staying(cluster)[0]!.status!.phase, "Pending");
});

test("DaemonSet takes up pods and revisions of one that left them", async () => {
  await using cluster = await start("a");
  await make(cluster);
  await run(cluster);
  const [before] = cluster.list(pods);
  const orphan = { metadata: { ownerReferences: null } };
  await cluster.delete(daemonSet, "default/agent");
  await cluster.patch(pods, keyOf(before!), orphan);
  await cluster.patch(controllerRevision, keyOf(cluster.list(controllerRevision)[0]!), orphan);
  const made = await make(cluster);
  const [pod] = cluster.list(pods);
  assert.deepEqual(
    [pod!.metadata.name, pod!.metadata.ownerReferences![0]!.uid],
    [before!.metadata.name, made.metadata.uid],
  );
  assert.deepEqual(revisions(cluster), ["1:one"]);
  assert.equal(statusOf(cluster).updatedNumberScheduled, 1);
});

test("DaemonSet keeps as many old revisions as its history may have", async () => {
  await using cluster = await start("a");
  await make(cluster, { revisionHistoryLimit: 1 });
  for (const image of ["two", "three", "four"]) await setImage(cluster, image);
  for (let i = 0; i < 3; i++) await run(cluster);
  assert.deepEqual(revisions(cluster), ["3:three", "4:four"]);
});
