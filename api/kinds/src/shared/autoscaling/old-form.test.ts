/** Autoscalers of v1: nothing is lost between the versions, and annotations that make no sense are passed over. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type { HorizontalPodAutoscaler, MetricSpec } from "../../../generated/autoscaling-v2.ts";
import { autoscaling } from "../../autoscaling/group.ts";
import { horizontalPodAutoscaler } from "../../autoscaling/horizontal-pod-autoscaler.ts";

const { stored } = autoscaling.resources[0]!;
const toHub: (old: any) => any = stored!.toHub;
const fromHub: (object: any) => any = stored!.fromHub;

const scaleTargetRef = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
const cpu: MetricSpec = {
  type: "Resource",
  resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 60 } },
};
const queue: MetricSpec = {
  type: "External",
  external: {
    metric: { name: "queue", selector: { matchLabels: { a: "b" } } },
    target: { type: "AverageValue", averageValue: "30" },
  },
};

function autoscaler(spec: Partial<HorizontalPodAutoscaler["spec"]>, annotations = {}): any {
  const object: HorizontalPodAutoscaler = {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "web", namespace: "default", annotations },
    spec: { scaleTargetRef, maxReplicas: 4, ...spec },
  };
  horizontalPodAutoscaler.defaults!(object);
  return object;
}

test("v1 shows the percentage of CPU, and carries the rest in annotations", () => {
  const old = fromHub(autoscaler({ metrics: [queue, cpu] }, { mine: "1" }));
  assert.equal(old.spec.targetCPUUtilizationPercentage, 60);
  assert.deepEqual(old.metadata.annotations, {
    mine: "1",
    "autoscaling.alpha.kubernetes.io/metrics":
      '[{"type":"External","external":{"metricName":"queue","metricSelector":{"matchLabels":{"a":"b"}},"targetAverageValue":"30"}}]',
  });
});

test("what went through v1 comes back as it was, the percentage of CPU last", () => {
  const behavior = { scaleDown: { selectPolicy: "Disabled", tolerance: "0.2" } };
  const before = autoscaler({ metrics: [queue, cpu], behavior });
  const after = toHub(fromHub(structuredClone(before)));
  assert.deepEqual(after.spec, before.spec);
  assert.deepEqual(after.metadata.annotations, {});
});

for (const text of ["x", '{"type":"Pods"}', '[{"type":5}]', "null"]) {
  test(`an annotation that carries no metrics is passed over: ${text}`, () => {
    const annotations = { "autoscaling.alpha.kubernetes.io/metrics": text };
    const old = { metadata: { name: "web", annotations }, spec: { scaleTargetRef, maxReplicas: 4 } };
    assert.equal(toHub(old).spec.metrics, undefined);
  });
}
