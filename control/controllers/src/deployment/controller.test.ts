/** Deployments and their ReplicaSets together, over whole rollouts. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { deployment as deployments } from "@knarr/kinds/apps/deployment.ts";
import { replicaSet as replicaSets } from "@knarr/kinds/apps/replicaset.ts";
import { event as events } from "@knarr/kinds/core/event.ts";
import { pod as pods } from "@knarr/kinds/core/pod.ts";
import type { Deployment } from "@knarr/kinds/generated/apps-v1.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { replicaSetController } from "../replicaset/controller.ts";
import { makeWorld } from "../testing/world.ts";
import { deploymentController } from "./controller.ts";

const KEY = "default/web";

function web(change: (spec: NonNullable<Deployment["spec"]>) => void = () => {}): Deployment {
  const object: Deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "default", annotations: { team: "a" } },
    spec: {
      replicas: 4,
      selector: { matchLabels: { app: "web" } },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      template: {
        metadata: { labels: { app: "web" } },
        spec: { containers: [{ name: "c", image: "good:1" }] },
      },
    },
  };
  change(object.spec!);
  return object;
}

const imageOf = (pod: Pod) => pod.spec!.containers[0]!.image!;

/** Pods whose image is not `bad` become ready. */
function makeCluster() {
  return makeWorld([deploymentController, replicaSetController], {
    kubelet: (pod) => (imageOf(pod).startsWith("bad") ? "running" : "ready"),
  });
}

type Cluster = Awaited<ReturnType<typeof makeCluster>>;

function setImage(cluster: Cluster, image: string): Promise<void> {
  return cluster.change(deployments, KEY, ({ spec }) => (spec!.template.spec!.containers[0]!.image = image));
}

/** `image replicas` of each ReplicaSet that wants any, sorted. */
async function sizes(cluster: Cluster): Promise<string[]> {
  const sets = await cluster.list(replicaSets);
  return sets
    .filter(({ spec }) => spec!.replicas! > 0)
    .map(({ spec }) => `${spec!.template!.spec!.containers[0]!.image} ${spec!.replicas}`)
    .toSorted();
}

async function condition(cluster: Cluster, type: string): Promise<string> {
  const { status } = await cluster.api.get(deployments, KEY);
  const found = status!.conditions!.find((each) => each.type === type)!;
  return `${found.status} ${found.reason}: ${found.message}`;
}

test("Deployment makes a ReplicaSet with hash, owner, revision and annotations", async () => {
  await using cluster = await makeCluster();
  const owner = await cluster.create(deployments, web());
  const [set, ...others] = await cluster.list(replicaSets);
  assert.deepEqual(others, []);
  const { name, labels, annotations, ownerReferences } = set!.metadata;
  const hash = labels!["pod-template-hash"]!;
  assert.match(hash, /^[bcdfghjklmnpqrstvwxz2456789]{8,10}$/);
  assert.equal(name, `web-${hash}`);
  assert.deepEqual(annotations, {
    team: "a",
    "deployment.kubernetes.io/revision": "1",
    "deployment.kubernetes.io/desired-replicas": "4",
    "deployment.kubernetes.io/max-replicas": "5",
  });
  assert.equal(ownerReferences![0]!.uid, owner.metadata.uid);
  assert.deepEqual(set!.spec!.selector, { matchLabels: { app: "web", "pod-template-hash": hash } });
  assert.equal((await cluster.list(pods)).length, 4);
});

test("Deployment counts on exactly from the revision of a ReplicaSet it adopts", async () => {
  await using cluster = await makeCluster();
  const { selector, template } = web().spec!;
  template.spec!.containers[0]!.image = "good:0";
  await cluster.create(replicaSets, {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: "older",
      namespace: "default",
      labels: { app: "web" },
      annotations: { "deployment.kubernetes.io/revision": "3546343826724305832" }, // no double holds it
    },
    spec: { replicas: 1, selector, template },
  });
  const { uid } = await cluster.create(deployments, web()).then(({ metadata }) => metadata);
  const { metadata } = await cluster.api.get(deployments, KEY);
  assert.equal(metadata!.annotations!["deployment.kubernetes.io/revision"], "3546343826724305833");
  const sets = await cluster.list(replicaSets);
  assert.deepEqual(
    sets.map((set) => set.metadata.ownerReferences?.[0]?.uid),
    [uid, uid],
  );
});

test("Deployment says in its status how far it is", async () => {
  await using cluster = await makeCluster();
  await cluster.create(deployments, web());
  const { status, metadata } = await cluster.api.get(deployments, KEY);
  const { conditions, ...counts } = status!;
  assert.deepEqual(counts, {
    observedGeneration: 1,
    replicas: 4,
    updatedReplicas: 4,
    readyReplicas: 4,
    availableReplicas: 4,
    terminatingReplicas: 0,
  });
  assert.equal(metadata.annotations!["deployment.kubernetes.io/revision"], "1");
  assert.equal(
    await condition(cluster, "Available"),
    "True MinimumReplicasAvailable: Deployment has minimum availability.",
  );
  const [set] = await cluster.list(replicaSets);
  assert.equal(
    await condition(cluster, "Progressing"),
    `True NewReplicaSetAvailable: ReplicaSet "${set!.metadata.name}" has successfully progressed.`,
  );
  assert.equal(conditions!.length, 2);
});

test("Deployment rolls over within its limits all the way", async () => {
  await using cluster = await makeCluster();
  await cluster.create(
    deployments,
    web((spec) => (spec.replicas = 10)),
  );
  const seen: { total: number; ready: number }[] = [];
  cluster.running.informers.informer(pods).subscribeToChanges(() => {
    const all = cluster.running.informers.cache.list(pods);
    const ready = all.filter(({ status }) =>
      status?.conditions?.some(({ status: s }) => s === "True"),
    ).length;
    seen.push({ total: all.length, ready });
  });
  await setImage(cluster, "good:2");

  assert.deepEqual(await sizes(cluster), ["good:2 10"]);
  assert.ok((await cluster.list(pods)).every((pod) => imageOf(pod) === "good:2"));
  // 25 % of 10: three more at most (rounded up), two fewer ready at most (rounded down).
  assert.ok(Math.max(...seen.map(({ total }) => total)) <= 13);
  assert.ok(Math.min(...seen.map(({ ready }) => ready)) >= 8);
});

test("Deployment stops where a bad template would cost availability, and goes back to the old ReplicaSet", async () => {
  await using cluster = await makeCluster();
  await cluster.create(deployments, web());
  await setImage(cluster, "good:2");
  await setImage(cluster, "bad:1");
  assert.deepEqual(await sizes(cluster), ["bad:1 2", "good:2 3"]);

  await setImage(cluster, "good:1");
  assert.deepEqual(await sizes(cluster), ["good:1 4"]);
  const sets = await cluster.list(replicaSets);
  const restored = sets.find(({ spec }) => spec!.template!.spec!.containers[0]!.image === "good:1");
  assert.equal(restored!.metadata.annotations!["deployment.kubernetes.io/revision"], "4");
  assert.equal(restored!.metadata.annotations!["deployment.kubernetes.io/revision-history"], "1");
  assert.equal(sets.length, 3);
});

test("Deployment scaled in the middle of a rollout shares out in proportion", async () => {
  await using cluster = await makeCluster();
  await cluster.create(deployments, web());
  await setImage(cluster, "bad:1");
  assert.deepEqual(await sizes(cluster), ["bad:1 2", "good:1 3"]);
  await cluster.change(deployments, KEY, ({ spec }) => (spec!.replicas = 10));
  assert.deepEqual(await sizes(cluster), ["bad:1 5", "good:1 8"]);
});

test("Deployment that is paused scales but does not roll, and says so", async () => {
  await using cluster = await makeCluster();
  await cluster.create(deployments, web());
  await cluster.change(deployments, KEY, ({ spec }) => (spec!.paused = true));
  assert.equal(await condition(cluster, "Progressing"), "Unknown DeploymentPaused: Deployment is paused");
  await setImage(cluster, "good:2");
  await cluster.change(deployments, KEY, ({ spec }) => (spec!.replicas = 2));
  assert.deepEqual(await sizes(cluster), ["good:1 2"]);
  await cluster.change(deployments, KEY, ({ spec }) => delete spec!.paused);
  assert.deepEqual(await sizes(cluster), ["good:2 2"]);
});

test("Deployment with Recreate has no two templates running at once", async () => {
  await using cluster = await makeCluster();
  await cluster.create(
    deployments,
    web((spec) => (spec.strategy = { type: "Recreate" })),
  );
  const mixes: string[] = [];
  cluster.running.informers.informer(pods).subscribeToChanges(() => {
    const images = new Set(cluster.running.informers.cache.list(pods).map(imageOf));
    if (images.size > 1) mixes.push([...images].join());
  });
  await setImage(cluster, "good:2");
  assert.deepEqual(await sizes(cluster), ["good:2 4"]);
  assert.deepEqual(mixes, []);
});

test("Deployment keeps as many old ReplicaSets as its history limit says", async () => {
  await using cluster = await makeCluster();
  await cluster.create(
    deployments,
    web((spec) => (spec.revisionHistoryLimit = 1)),
  );
  for (const image of ["good:2", "good:3", "good:4"]) await setImage(cluster, image);
  const images = (await cluster.list(replicaSets)).map(
    ({ spec }) => spec!.template!.spec!.containers[0]!.image,
  );
  assert.deepEqual(images.toSorted(), ["good:3", "good:4"]);
});

test("Deployment reports a rollout that makes no progress within its deadline", async () => {
  await using cluster = await makeCluster();
  await cluster.create(
    deployments,
    web((spec) => (spec.progressDeadlineSeconds = 30)),
  );
  await setImage(cluster, "bad:1");
  await cluster.pass(40_000, 5000);
  assert.match(
    await condition(cluster, "Progressing"),
    /^False ProgressDeadlineExceeded: ReplicaSet "web-\w+" has timed out progressing\.$/,
  );
});

test("Deployment counts pods as available only after minReadySeconds", async () => {
  await using cluster = await makeCluster();
  await cluster.create(
    deployments,
    web((spec) => (spec.minReadySeconds = 10)),
  );
  const available = async () => (await cluster.api.get(deployments, KEY)).status!.availableReplicas ?? 0;
  assert.equal(await available(), 0);
  await cluster.pass(11_000);
  assert.equal(await available(), 4);
});

test("Deployment takes another name when its ReplicaSet's name is taken by another template", async () => {
  await using cluster = await makeCluster();
  await cluster.create(deployments, web());
  const [set] = await cluster.list(replicaSets);
  await cluster.delete(deployments, web());
  await cluster.api.delete(replicaSets, `default/${set!.metadata.name}`);
  const squatter = { ...set!, metadata: { name: set!.metadata.name!, namespace: "default" } };
  squatter.spec = {
    ...set!.spec!,
    replicas: 0,
    template: web((s) => (s.template.spec!.containers[0]!.image = "x")).spec!.template,
  };
  await cluster.create(replicaSets, squatter);
  await cluster.create(deployments, web());
  await cluster.pass(1000);
  assert.equal((await cluster.api.get(deployments, KEY)).status!.collisionCount, 1);
  assert.deepEqual(await sizes(cluster), ["good:1 4"]);
});

test("Deployment tells what it scales", async () => {
  await using cluster = await makeCluster();
  await cluster.create(deployments, web());
  const said = (await cluster.list(events)).filter(({ reason }) => reason === "ScalingReplicaSet");
  const [set] = await cluster.list(replicaSets);
  assert.deepEqual(
    said.map(({ message }) => message),
    [`Scaled up replica set ${set!.metadata.name} from 0 to 4`],
  );
  assert.equal(said[0]!.source!.component, "deployment-controller");
});
