/** StatefulSets make, remove and update their pods one after the other, and keep their volumes. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { controllerRevision } from "@knarr/kinds/apps/controller-revision.ts";
import { statefulSet } from "@knarr/kinds/apps/stateful-set.ts";
import { event as events } from "@knarr/kinds/core/event.ts";
import { persistentVolumeClaim } from "@knarr/kinds/core/persistent-volume-claim.ts";
import { pod as pods } from "@knarr/kinds/core/pod.ts";
import type { StatefulSet, StatefulSetSpec, StatefulSetStatus } from "@knarr/kinds/generated/apps-v1.ts";
import type { PersistentVolumeClaim, Pod, PodTemplateSpec } from "@knarr/kinds/generated/core-v1.ts";
import { keyOf } from "@knarr/machinery/object.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import { TestCluster } from "@knarr/test-cluster/test-cluster.ts";
import { statefulSetController } from "./controller.ts";

const labels = { app: "db" };

function template(image: string): PodTemplateSpec {
  return { metadata: { labels }, spec: { containers: [{ name: "c", image }] } };
}

const data: PersistentVolumeClaim = {
  metadata: { name: "data" },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
};

function start(): Promise<TestCluster> {
  return TestCluster.start({ controllers: [statefulSetController] });
}

async function make(cluster: TestCluster, spec: Partial<StatefulSetSpec> = {}): Promise<StatefulSet> {
  const made = await cluster.create(statefulSet, {
    metadata: { name: "db", namespace: "default" },
    spec: {
      replicas: 3,
      serviceName: "peers",
      selector: { matchLabels: labels },
      template: template("one"),
      ...spec,
    },
  });
  await cluster.settled();
  return made;
}

async function change(cluster: TestCluster, spec: object): Promise<void> {
  await cluster.patch(statefulSet, "default/db", { spec });
  await cluster.settled();
}

const setImage = (cluster: TestCluster, image: string) =>
  change(cluster, { template: { spec: { containers: [{ name: "c", image }] } } });

/** `db-0:one`, with what is not usual about it. */
function shown(cluster: TestCluster): readonly string[] {
  return cluster
    .list(pods)
    .map((pod) => {
      const { metadata, spec, status } = pod;
      const state = metadata.deletionTimestamp ? " going" : isReady(pod) ? "" : ` ${status!.phase}`;
      return `${metadata.name}:${spec!.containers[0]!.image}${state}`;
    })
    .sort();
}

function isReady({ status }: Pod): boolean {
  return status?.conditions?.some((one) => one.type === "Ready" && one.status === "True") ?? false;
}

/** One step of a kubelet: one pod is gone, or else one that waits is ready. */
async function step(cluster: TestCluster): Promise<boolean> {
  const all = cluster.list(pods).toSorted((a, b) => (a.metadata.name! < b.metadata.name! ? -1 : 1));
  const going = all.find(({ metadata }) => metadata.deletionTimestamp);
  const waiting = all.find((pod) => !isReady(pod));
  if (going) await cluster.delete(pods, keyOf(going), { gracePeriodSeconds: 0 });
  else if (waiting) await setState(cluster, keyOf(waiting), "Running", "True");
  await cluster.settled();
  return !!going || !!waiting;
}

async function run(cluster: TestCluster): Promise<void> {
  let steps = 0;
  while (await step(cluster)) assert.ok(++steps < 30, "it never comes to rest");
}

async function setState(cluster: TestCluster, key: string, phase: string, ready: string): Promise<void> {
  const pod = cluster.get(pods, key)!;
  if (!pod.spec!.nodeName) {
    const { name = "", namespace = "" } = pod.metadata;
    const target = { kind: "Node", name: "node" };
    const binding = { apiVersion: "v1", kind: "Binding", metadata: { name, namespace }, target };
    await cluster.api.post(pods, key, "binding", binding as never);
  }
  const now = formatTime(cluster.clock.now());
  const condition = { type: "Ready", status: ready, lastTransitionTime: now };
  const bound = cluster.get(pods, key)!;
  await cluster.updateStatus(pods, { ...bound, status: { phase, conditions: [condition] } });
  await cluster.settled();
}

function statusOf(cluster: TestCluster): StatefulSetStatus {
  return cluster.get(statefulSet, "default/db")!.status!;
}

function revisions(cluster: TestCluster): readonly string[] {
  return cluster
    .list(controllerRevision)
    .toSorted((a, b) => a.revision - b.revision)
    .map((one) => `${one.revision}:${(one.data as any).spec.template.spec.containers[0].image}`);
}

function claims(cluster: TestCluster): readonly string[] {
  return cluster
    .list(persistentVolumeClaim)
    .map(({ metadata: { name, ownerReferences = [] } }) =>
      [name, ...ownerReferences.map((owner) => `${owner.kind}/${owner.name}`)].join(" "),
    )
    .sort();
}

test("StatefulSet makes its pods one after the other, each with its name and volume", async () => {
  await using cluster = await start();
  await make(cluster, { volumeClaimTemplates: [data] });
  assert.deepEqual(shown(cluster), ["db-0:one Pending"]);
  assert.deepEqual(claims(cluster), ["data-db-0"]);
  const [{ metadata, spec }] = cluster.list(pods) as [Pod];
  const revision = cluster.list(controllerRevision)[0]!.metadata.name;
  assert.deepEqual(metadata.labels, {
    app: "db",
    "apps.kubernetes.io/pod-index": "0",
    "controller-revision-hash": revision,
    "statefulset.kubernetes.io/pod-name": "db-0",
  });
  assert.deepEqual([spec!.hostname, spec!.subdomain], ["db-0", "peers"]);
  assert.deepEqual(spec!.volumes!.find(({ name }) => name === "data")!.persistentVolumeClaim, {
    claimName: "data-db-0",
  });

  await step(cluster);
  assert.deepEqual(shown(cluster), ["db-0:one", "db-1:one Pending"]);
  await run(cluster);
  assert.deepEqual(shown(cluster), ["db-0:one", "db-1:one", "db-2:one"]);
  assert.deepEqual(claims(cluster), ["data-db-0", "data-db-1", "data-db-2"]);
  assert.deepEqual(statusOf(cluster), {
    availableReplicas: 3,
    collisionCount: 0,
    currentReplicas: 3,
    currentRevision: revision,
    observedGeneration: 1,
    readyReplicas: 3,
    replicas: 3,
    updateRevision: revision,
    updatedReplicas: 3,
  });
  const told = cluster.list(events).filter(({ message }) => message!.includes("db-0"));
  assert.deepEqual(told.map(({ message }) => message).sort(), [
    "Create Claim data-db-0 Pod db-0 in StatefulSet db success",
    "Create Pod db-0 in StatefulSet db successful",
  ]);
});

test("StatefulSet goes down from the top, and not while one below is not well", async () => {
  await using cluster = await start();
  await make(cluster);
  await run(cluster);
  await setState(cluster, "default/db-0", "Running", "False");
  await change(cluster, { replicas: 1 });
  assert.deepEqual(shown(cluster), ["db-0:one Running", "db-1:one", "db-2:one"]);
  await setState(cluster, "default/db-0", "Running", "True");
  assert.deepEqual(shown(cluster), ["db-0:one", "db-1:one", "db-2:one going"]);
  await step(cluster);
  assert.deepEqual(shown(cluster), ["db-0:one", "db-1:one going"]);
  await step(cluster);
  assert.deepEqual(shown(cluster), ["db-0:one"]);
});

test("StatefulSet in parallel waits for nobody", async () => {
  await using cluster = await start();
  await make(cluster, { podManagementPolicy: "Parallel" });
  assert.deepEqual(shown(cluster), ["db-0:one Pending", "db-1:one Pending", "db-2:one Pending"]);
  await change(cluster, { replicas: 0 });
  for (let i = 0; i < 3; i++) await step(cluster);
  assert.deepEqual(shown(cluster), []);
});

test("StatefulSet updates from the top, one by one, down to the partition", async () => {
  await using cluster = await start();
  await make(cluster);
  await run(cluster);
  await change(cluster, { updateStrategy: { rollingUpdate: { partition: 1 } } });
  await setImage(cluster, "two");
  assert.deepEqual(shown(cluster), ["db-0:one", "db-1:one", "db-2:one going"]);
  await step(cluster);
  assert.deepEqual(shown(cluster), ["db-0:one", "db-1:one", "db-2:two Pending"]);
  assert.equal(statusOf(cluster).currentReplicas, 2);
  await step(cluster);
  assert.deepEqual(shown(cluster), ["db-0:one", "db-1:one going", "db-2:two"]);
  await run(cluster);
  assert.deepEqual(shown(cluster), ["db-0:one", "db-1:two", "db-2:two"]);
  assert.notEqual(statusOf(cluster).currentRevision, statusOf(cluster).updateRevision);

  // below the partition a pod comes back as it was
  await cluster.delete(pods, "default/db-0");
  await run(cluster);
  assert.deepEqual(shown(cluster), ["db-0:one", "db-1:two", "db-2:two"]);

  await change(cluster, { updateStrategy: { rollingUpdate: { partition: 0 } } });
  await run(cluster);
  assert.deepEqual(shown(cluster), ["db-0:two", "db-1:two", "db-2:two"]);
  assert.equal(statusOf(cluster).currentRevision, statusOf(cluster).updateRevision);
  assert.deepEqual(revisions(cluster), ["1:one", "2:two"]);
});

test("StatefulSet goes back to a template it had", async () => {
  await using cluster = await start();
  await make(cluster, { replicas: 1, revisionHistoryLimit: 1 });
  await run(cluster);
  await setImage(cluster, "broken");
  await step(cluster);
  assert.deepEqual(shown(cluster), ["db-0:broken Pending"]);
  // a pod that never gets ready stands in the way, until somebody removes it
  await setImage(cluster, "one");
  assert.deepEqual(revisions(cluster), ["2:broken", "3:one"]);
  assert.deepEqual(shown(cluster), ["db-0:broken Pending"]);
  await cluster.delete(pods, "default/db-0", { gracePeriodSeconds: 0 });
  await cluster.settled();
  await run(cluster);
  assert.deepEqual(shown(cluster), ["db-0:one"]);
  await setImage(cluster, "two");
  await run(cluster);
  assert.deepEqual(revisions(cluster), ["3:one", "4:two"]);
});

test("StatefulSet that updates on deletion waits for it", async () => {
  await using cluster = await start();
  await make(cluster, { replicas: 1, updateStrategy: { type: "OnDelete" } });
  await run(cluster);
  await setImage(cluster, "two");
  assert.deepEqual(shown(cluster), ["db-0:one"]);
  await cluster.delete(pods, "default/db-0");
  await run(cluster);
  assert.deepEqual(shown(cluster), ["db-0:two"]);
});

test("StatefulSet starts counting where it is told to, and replaces what ended", async () => {
  await using cluster = await start();
  await make(cluster, { replicas: 2, ordinals: { start: 5 } });
  await run(cluster);
  assert.deepEqual(shown(cluster), ["db-5:one", "db-6:one"]);
  await setState(cluster, "default/db-6", "Failed", "False");
  await run(cluster);
  assert.deepEqual(shown(cluster), ["db-5:one", "db-6:one"]);
  await change(cluster, { ordinals: { start: 6 } });
  await run(cluster);
  assert.deepEqual(shown(cluster), ["db-6:one", "db-7:one"]);
});

test("StatefulSet waits as long as a pod has to be ready", async () => {
  await using cluster = await start();
  await make(cluster, { replicas: 2, minReadySeconds: 10 });
  await step(cluster);
  assert.deepEqual(shown(cluster), ["db-0:one"]);
  assert.deepEqual([statusOf(cluster).readyReplicas, statusOf(cluster).availableReplicas], [1, 0]);
  await cluster.pass(11_000);
  assert.deepEqual(shown(cluster), ["db-0:one", "db-1:one Pending"]);
});

test("volumes go with the pod or with the set, as it wants", async () => {
  await using cluster = await start();
  const persistentVolumeClaimRetentionPolicy = { whenDeleted: "Delete", whenScaled: "Delete" };
  await make(cluster, { replicas: 2, volumeClaimTemplates: [data], persistentVolumeClaimRetentionPolicy });
  await run(cluster);
  assert.deepEqual(claims(cluster), ["data-db-0 StatefulSet/db", "data-db-1 StatefulSet/db"]);
  await change(cluster, { replicas: 1 });
  assert.deepEqual(claims(cluster), ["data-db-0 StatefulSet/db", "data-db-1 Pod/db-1"]);
  // as long as the old volume is there, no new pod gets it
  await run(cluster);
  await change(cluster, { replicas: 2 });
  assert.deepEqual(shown(cluster), ["db-0:one"]);
  await cluster.patch(persistentVolumeClaim, "default/data-db-1", { metadata: { finalizers: null } });
  await cluster.delete(persistentVolumeClaim, "default/data-db-1");
  await cluster.settled();
  assert.deepEqual(shown(cluster), ["db-0:one", "db-1:one Pending"]);

  await run(cluster);
  const retain = { whenDeleted: "Retain", whenScaled: "Retain" };
  await change(cluster, { persistentVolumeClaimRetentionPolicy: retain });
  assert.deepEqual(claims(cluster), ["data-db-0", "data-db-1"]);
});

test("StatefulSet takes up pods of its name, and gives them their labels back", async () => {
  await using cluster = await start();
  for (const name of ["db-0", "other-0"])
    await cluster.create(pods, {
      metadata: { name, namespace: "default", labels },
      spec: template("old").spec!,
    });
  await make(cluster, { replicas: 1 });
  const [own, other] = ["db-0", "other-0"].map((name) => cluster.get(pods, `default/${name}`)!.metadata);
  assert.equal(own!.ownerReferences![0]!.name, "db");
  assert.equal(other!.ownerReferences, undefined);
  await run(cluster);
  assert.deepEqual(shown(cluster), ["db-0:one", "other-0:old"]);

  const label = "statefulset.kubernetes.io/pod-name";
  await cluster.patch(pods, "default/db-0", { metadata: { labels: { [label]: null } } });
  await cluster.settled();
  assert.equal(cluster.get(pods, "default/db-0")!.metadata.labels![label], "db-0");
});

test("StatefulSet that is going makes nothing any more, and says what is left", async () => {
  await using cluster = await start();
  await make(cluster, { replicas: 2 });
  await run(cluster);
  await cluster.delete(statefulSet, "default/db", { propagationPolicy: "Foreground" });
  await cluster.settled();
  await cluster.delete(pods, "default/db-1", { gracePeriodSeconds: 0 });
  await cluster.settled();
  assert.deepEqual(shown(cluster), ["db-0:one"]);
  const { replicas, readyReplicas, updatedReplicas } = statusOf(cluster);
  assert.deepEqual([replicas, readyReplicas, updatedReplicas], [1, 1, 1]);
});
