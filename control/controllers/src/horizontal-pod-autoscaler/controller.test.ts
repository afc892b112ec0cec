/** Autoscalers over a real API: they set the scale of a Deployment, and say why or why not. Figures are what a test says they are. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { discover } from "@knarr/client/discovery.ts";
import { deployment as deployments } from "@knarr/kinds/apps/deployment.ts";
import { horizontalPodAutoscaler as autoscalers } from "@knarr/kinds/autoscaling/horizontal-pod-autoscaler.ts";
import { event as events } from "@knarr/kinds/core/event.ts";
import { pod as pods } from "@knarr/kinds/core/pod.ts";
import type {
  HorizontalPodAutoscalerSpec,
  HorizontalPodAutoscalerStatus,
  MetricSpec,
} from "@knarr/kinds/generated/autoscaling-v2.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import { TestCluster } from "@knarr/test-cluster/test-cluster.ts";
import { horizontalPodAutoscalerController } from "./controller.ts";
import type { Figures } from "./metrics.ts";

const SYNC_MS = 15_000;
const labels = { app: "web" };
const cpuAt = (averageUtilization: number): MetricSpec => ({
  type: "Resource",
  resource: { name: "cpu", target: { type: "Utilization", averageUtilization } },
});

/** What each pod uses, in thousandths, and what the world outside says. Change it at will. */
interface Told {
  usage?: number;
  custom?: number;
  object?: number;
  external?: readonly number[];
}

async function start(told: Told) {
  const cluster: TestCluster = await TestCluster.start({
    controllers: [
      horizontalPodAutoscalerController(
        (signal) => discover(cluster.transport, signal),
        () => figures,
      ),
    ],
  });
  const ofPods = (value: number | undefined) => {
    if (value === undefined) throw new Error("nobody knows");
    const figure = { value, at: cluster.clock.now(), windowMs: 15_000 };
    return new Map(cluster.list(pods).map(({ metadata }) => [metadata.name!, figure]));
  };
  const figures: Figures = {
    resource: async () => ofPods(told.usage),
    custom: async () => ofPods(told.custom),
    object: async () => told.object!,
    external: async () => told.external!,
  };
  return cluster;
}

async function makeTarget(
  cluster: TestCluster,
  replicas: number,
  request: Record<string, string> = { cpu: "1" },
) {
  await cluster.create(deployments, {
    metadata: { name: "web", namespace: "default" },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "c", image: "i" }] } },
    },
  });
  const since = formatTime(cluster.clock.now() - 3_600_000);
  for (let i = 0; i < replicas; i++) {
    const pod = await cluster.create(pods, {
      metadata: { name: `web-${i}`, namespace: "default", labels },
      spec: { nodeName: "node", containers: [{ name: "c", image: "i", resources: { requests: request } }] },
    });
    const conditions = [{ type: "Ready", status: "True", lastTransitionTime: since }];
    const status = { phase: "Running", startTime: since, conditions };
    await cluster.updateStatus(pods, { ...pod, status });
  }
  const web = cluster.get(deployments, "default/web")!;
  await cluster.updateStatus(deployments, { ...web, status: { replicas } });
}

async function autoscale(
  cluster: TestCluster,
  spec: Partial<HorizontalPodAutoscalerSpec> = {},
  name = "web",
): Promise<void> {
  await cluster.create(autoscalers, {
    metadata: { name, namespace: "default" },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
      minReplicas: 1,
      maxReplicas: 5,
      metrics: [cpuAt(50)],
      ...spec,
    },
  });
  await cluster.settled();
}

const replicasOf = (cluster: TestCluster) => cluster.get(deployments, "default/web")!.spec!.replicas;
const statusOf = (cluster: TestCluster, name = "web"): HorizontalPodAutoscalerStatus =>
  cluster.get(autoscalers, `default/${name}`)!.status!;
const saysOf = (cluster: TestCluster, name = "web") =>
  Object.fromEntries(
    (statusOf(cluster, name).conditions ?? []).map(({ type, status, reason }) => [
      type,
      `${status} ${reason}`,
    ]),
  );
const told = (cluster: TestCluster) =>
  cluster.list(events).map(({ reason, message }) => `${reason}: ${message}`);

test("an autoscaler scales up at once, and down when five minutes have passed", async () => {
  const load: Told = { usage: 1000 };
  await using cluster = await start(load);
  await makeTarget(cluster, 2);
  await autoscale(cluster);
  assert.equal(replicasOf(cluster), 4);
  assert.deepEqual(saysOf(cluster), {
    AbleToScale: "True SucceededRescale",
    ScalingActive: "True ValidMetricFound",
    ScalingLimited: "False DesiredWithinRange",
  });
  const { currentReplicas, desiredReplicas, currentMetrics, lastScaleTime } = statusOf(cluster);
  assert.deepEqual([currentReplicas, desiredReplicas], [2, 4]);
  assert.deepEqual(currentMetrics, [
    { type: "Resource", resource: { name: "cpu", current: { averageUtilization: 100, averageValue: "1" } } },
  ]);
  assert.equal(lastScaleTime, formatTime(cluster.clock.now()));
  assert.deepEqual(told(cluster), [
    "SuccessfulRescale: New size: 4; reason: cpu resource utilization (percentage of request) above target",
  ]);

  load.usage = 100;
  await cluster.pass(SYNC_MS);
  assert.equal(replicasOf(cluster), 4);
  assert.equal(saysOf(cluster).AbleToScale, "True ScaleDownStabilized");
  await cluster.pass(300_000);
  assert.equal(replicasOf(cluster), 1);
  assert.match(told(cluster).at(-1)!, /New size: 1; reason: All metrics below target$/);
});

test("an autoscaler looks again after a quarter of a minute, not because of its own status", async () => {
  const load: Told = { usage: 500 };
  await using cluster = await start(load);
  await makeTarget(cluster, 2);
  await autoscale(cluster);
  load.usage = 1000;
  await cluster.pass(SYNC_MS - 1000);
  assert.equal(replicasOf(cluster), 2);
  await cluster.pass(1000);
  assert.equal(replicasOf(cluster), 4);
});

test("an autoscaler keeps to its limits, and to the speed that its behavior allows", async () => {
  const load: Told = { usage: 5000 };
  await using cluster = await start(load);
  await makeTarget(cluster, 2);
  const behavior = {
    scaleUp: { policies: [{ type: "Pods", value: 1, periodSeconds: 60 }] },
    scaleDown: { stabilizationWindowSeconds: 0 },
  };
  await autoscale(cluster, { behavior, maxReplicas: 4 });
  assert.equal(replicasOf(cluster), 3);
  assert.equal(saysOf(cluster).ScalingLimited, "True ScaleUpLimit");
  await cluster.pass(SYNC_MS);
  assert.equal(replicasOf(cluster), 3);
  await cluster.pass(60_000);
  assert.equal(replicasOf(cluster), 4);
  await cluster.pass(60_000);
  assert.equal(saysOf(cluster).ScalingLimited, "True TooManyReplicas");
  load.usage = 1;
  await cluster.pass(SYNC_MS);
  assert.equal(replicasOf(cluster), 1);
});

test("a target outside the limits is brought back without figures; one at zero is left alone", async () => {
  await using cluster = await start({});
  await makeTarget(cluster, 1);
  await autoscale(cluster, { minReplicas: 3 });
  assert.equal(replicasOf(cluster), 3);
  assert.match(told(cluster)[0]!, /New size: 3; reason: Current number of replicas below Spec.MinReplicas$/);
  await cluster.patch(deployments, "default/web", { spec: { replicas: 9 } });
  await cluster.pass(SYNC_MS);
  assert.equal(replicasOf(cluster), 5);
  await cluster.patch(deployments, "default/web", { spec: { replicas: 0 } });
  await cluster.pass(SYNC_MS);
  assert.equal(replicasOf(cluster), 0);
  assert.equal(saysOf(cluster).ScalingActive, "False ScalingDisabled");
});

test("an autoscaler says what it cannot know", async () => {
  await using cluster = await start({ usage: 1000 });
  await makeTarget(cluster, 1, { memory: "1Gi" });
  await autoscale(cluster);
  assert.equal(replicasOf(cluster), 1);
  const why = "failed to get cpu utilization: missing request for cpu in container c of Pod web-0";
  const active = statusOf(cluster).conditions!.find(({ type }) => type === "ScalingActive")!;
  assert.deepEqual(
    [active.status, active.reason, active.message],
    ["False", "FailedGetResourceMetric", `the HPA was unable to compute the replica count: ${why}`],
  );
  assert.deepEqual(told(cluster).toSorted(), [
    `FailedComputeMetricsReplicas: invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: ${why}`,
    `FailedGetResourceMetric: ${why}`,
  ]);
});

test("an unknown metric lets the others ask for more, but not for less", async () => {
  const load: Told = { custom: 2000 };
  await using cluster = await start(load);
  await makeTarget(cluster, 2);
  const perPod = {
    type: "Pods",
    pods: { metric: { name: "qps" }, target: { type: "AverageValue", averageValue: "1" } },
  };
  const behavior = { scaleDown: { stabilizationWindowSeconds: 0 } };
  await autoscale(cluster, { metrics: [cpuAt(50), perPod], behavior });
  assert.equal(replicasOf(cluster), 4);
  assert.deepEqual(statusOf(cluster).currentMetrics, [
    { type: "" },
    { type: "Pods", pods: { metric: { name: "qps" }, current: { averageValue: "2" } } },
  ]);
  load.custom = 100;
  await cluster.pass(SYNC_MS);
  assert.equal(replicasOf(cluster), 4);
  assert.equal(saysOf(cluster).ScalingActive, "False FailedGetResourceMetric");
  load.usage = 100;
  await cluster.pass(SYNC_MS);
  assert.equal(replicasOf(cluster), 1);
});

test("figures of objects and of the world outside count for all pods, or are shared among them", async () => {
  const load: Told = { object: 30_000, external: [4000, 5000] };
  await using cluster = await start(load);
  await makeTarget(cluster, 2);
  const describedObject = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
  const ofObject = { describedObject, metric: { name: "hits" }, target: { type: "Value", value: "20" } };
  const outside = { metric: { name: "queue" }, target: { type: "AverageValue", averageValue: "2" } };
  await autoscale(cluster, {
    metrics: [
      { type: "Object", object: ofObject },
      { type: "External", external: outside },
    ],
  });
  assert.equal(replicasOf(cluster), 4); // 5 are wanted, twice as many allowed
  const { object, external } = Object.assign({}, ...statusOf(cluster).currentMetrics!);
  assert.deepEqual([object.current, external.current], [{ value: "30" }, { averageValue: "4500m" }]);
  await cluster.pass(SYNC_MS);
  assert.equal(replicasOf(cluster), 5);
  assert.match(told(cluster).at(-1)!, /reason: external metric queue\(nil\) above target$/);
});

test("pods of two autoscalers are scaled by neither", async () => {
  await using cluster = await start({ usage: 500 });
  await makeTarget(cluster, 1);
  await autoscale(cluster);
  await autoscale(cluster, {}, "also");
  assert.equal(saysOf(cluster, "also").ScalingActive, "False AmbiguousSelector");
  const message =
    "AmbiguousSelector: pods by selector app=web are controlled by multiple HPAs: [default/also default/web]";
  assert.ok(told(cluster).includes(message));
  await cluster.delete(autoscalers, "default/also");
  await cluster.pass(SYNC_MS);
  assert.equal(saysOf(cluster).ScalingActive, "True ValidMetricFound");
});

test("a target that is not there, or of no known kind, is told of", async () => {
  await using cluster = await start({});
  await autoscale(cluster);
  assert.equal(saysOf(cluster).AbleToScale, "False FailedGetScale");
  await autoscale(cluster, { scaleTargetRef: { apiVersion: "x.org/v1", kind: "Thing", name: "t" } }, "other");
  assert.deepEqual(told(cluster).toSorted(), [
    'FailedGetScale: deployments.apps "web" not found',
    'FailedGetScale: no matches for kind "Thing" in group "x.org"',
  ]);
});
