/** Limits, speed and calm: what becomes of the number that the figures ask for. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { HorizontalPodAutoscalerSpec, HPAScalingRules } from "@knarr/kinds/generated/autoscaling-v2.ts";
import type { History } from "./history.ts";
import { ruled } from "./scaling-rules.ts";

const NOW = 10_000_000;
const quiet: History = { wishes: [], ups: [], downs: [] };

interface Case {
  readonly current: number;
  readonly desired: number;
  readonly min?: number;
  readonly max?: number;
  readonly up?: HPAScalingRules;
  readonly down?: HPAScalingRules;
  readonly history?: Partial<History>;
  readonly replicas: number;
  /** Of AbleToScale and ScalingLimited. */
  readonly reasons: readonly [string, string];
}

const ago = (seconds: number) => NOW - seconds * 1000;
const wished = (replicas: number, seconds: number) => ({ replicas, at: ago(seconds) });
const pods = (value: number, periodSeconds = 60) => ({ type: "Pods", value, periodSeconds });
const percent = (value: number, periodSeconds = 60) => ({ type: "Percent", value, periodSeconds });
const READY = "ReadyForNewScale";
const IN_RANGE = "DesiredWithinRange";

const cases: Readonly<Record<string, Case>> = {
  "goes where the figures say": { current: 3, desired: 5, replicas: 5, reasons: [READY, IN_RANGE] },
  "doubles at most": { current: 3, desired: 9, replicas: 6, reasons: [READY, "ScaleUpLimit"] },
  "may go to four from one": { current: 1, desired: 9, replicas: 4, reasons: [READY, "ScaleUpLimit"] },
  "stops at the maximum": { current: 8, desired: 12, replicas: 10, reasons: [READY, "TooManyReplicas"] },
  "stops at the minimum": { current: 4, desired: 0, min: 2, replicas: 2, reasons: [READY, "TooFewReplicas"] },
  "waits five minutes before it goes down": {
    ...{ current: 8, desired: 2, history: { wishes: [wished(8, 301), wished(6, 299)] } },
    ...{ replicas: 6, reasons: ["ScaleDownStabilized", IN_RANGE] },
  },
  "by behavior, goes up by the policy that allows most": {
    ...{ current: 4, desired: 50, max: 100, up: { policies: [pods(2), percent(100)] } },
    ...{ replicas: 8, reasons: [READY, "ScaleUpLimit"] },
  },
  "by behavior, goes up by the policy that allows least": {
    ...{ current: 4, desired: 50, max: 100, up: { policies: [pods(2), percent(100)], selectPolicy: "Min" } },
    ...{ replicas: 6, reasons: [READY, "ScaleUpLimit"] },
  },
  "counts what came and went in the period": {
    ...{ current: 10, desired: 50, max: 100, up: { policies: [pods(4)] } },
    history: {
      ups: [
        { by: 3, at: ago(20) },
        { by: 9, at: ago(60) },
      ],
      downs: [{ by: 1, at: ago(5) }],
    },
    ...{ replicas: 12, reasons: [READY, "ScaleUpLimit"] },
  },
  "never goes back because it went too far": {
    ...{ current: 10, desired: 50, max: 100, up: { policies: [pods(4)] } },
    history: { ups: [{ by: 8, at: ago(20) }] },
    ...{ replicas: 10, reasons: [READY, "ScaleUpLimit"] },
  },
  "rounds percentages up on the way up": {
    ...{ current: 3, desired: 9, up: { policies: [percent(10)] } },
    ...{ replicas: 4, reasons: [READY, "ScaleUpLimit"] },
  },
  "and down on the way down": {
    ...{ current: 9, desired: 1, down: { policies: [percent(10)], stabilizationWindowSeconds: 0 } },
    ...{ replicas: 8, reasons: [READY, "ScaleDownLimit"] },
  },
  "goes down by the policy that allows least": {
    ...{ current: 9, desired: 1 },
    down: { policies: [pods(1), pods(3)], selectPolicy: "Min", stabilizationWindowSeconds: 0 },
    ...{ replicas: 8, reasons: [READY, "ScaleDownLimit"] },
  },
  "stays when the direction is disabled": {
    ...{ current: 9, desired: 1, down: { selectPolicy: "Disabled", stabilizationWindowSeconds: 0 } },
    ...{ replicas: 9, reasons: [READY, "ScaleDownLimit"] },
  },
  "by behavior, waits before it goes up": {
    ...{ current: 3, desired: 9, up: { policies: [pods(20)], stabilizationWindowSeconds: 60 } },
    history: { wishes: [wished(4, 59), wished(2, 61)] },
    ...{ replicas: 4, reasons: ["ScaleUpStabilized", IN_RANGE] },
  },
  "by behavior, waits five minutes before it goes down when nothing is said": {
    ...{ current: 9, desired: 1, down: { policies: [percent(100)] } },
    history: { wishes: [wished(7, 299), wished(9, 300)] },
    ...{ replicas: 7, reasons: ["ScaleDownStabilized", IN_RANGE] },
  },
};

for (const [name, { current, desired, min = 1, max = 10, up, down, history, ...wanted }] of Object.entries(
  cases,
)) {
  test(`ruled() ${name}`, () => {
    const spec: HorizontalPodAutoscalerSpec = {
      scaleTargetRef: { kind: "Deployment", name: "web" },
      minReplicas: min,
      maxReplicas: max,
      ...((up ?? down) && { behavior: { scaleUp: up ?? {}, scaleDown: down ?? {} } }),
    };
    const { replicas, conditions } = ruled({
      ...{ spec, current, desired, now: NOW },
      history: { ...quiet, ...history },
    });
    assert.deepEqual(
      { replicas, reasons: conditions.map(({ reason }) => reason) },
      { replicas: wanted.replicas, reasons: wanted.reasons },
    );
    assert.equal(conditions[1]!.status, wanted.reasons[1] === IN_RANGE ? "False" : "True");
  });
}
