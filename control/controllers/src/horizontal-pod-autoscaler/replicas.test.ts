/** How many replicas figures ask for, and whose figures count. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import {
  amountYardstick,
  replicasForPods,
  replicasForShare,
  replicasForTotal,
  utilizationYardstick,
  type PodFigure,
} from "./replicas.ts";

const NOW = Date.UTC(2026, 0, 1);
const TOLERANCES = { up: 0.1, down: 0.1 };

/** `usage`: undefined when it has no figure. `state`: as `kubectl get pods` would show it. */
interface Seen {
  readonly usage?: number;
  readonly state?: "ready" | "pending" | "failed" | "going" | "starting" | "unready";
}

interface Case {
  readonly pods: readonly Seen[];
  /** Percent of a request of 1000. */
  readonly target: number;
  readonly current?: number;
  readonly replicas: number;
  readonly utilization: number;
}

const used = (...usages: number[]): Seen[] => usages.map((usage) => ({ usage }));

const cases: Readonly<Record<string, Case>> = {
  "scales up by the ratio": { pods: used(300, 500, 700), target: 30, replicas: 5, utilization: 50 },
  "scales down by the ratio": {
    pods: used(100, 300, 500, 250, 250),
    target: 50,
    replicas: 3,
    utilization: 28,
  },
  "stays within the tolerance": { pods: used(1010, 1030, 1020), target: 100, replicas: 3, utilization: 102 },
  "takes a pod without a figure to use nothing when it scales up": {
    pods: [...used(1000, 1000), {}],
    ...{ target: 50, replicas: 4, utilization: 100 },
  },
  "takes a pod without a figure to use its request when it scales down": {
    pods: [...used(100, 100, 100, 100), {}],
    ...{ target: 50, replicas: 3, utilization: 10 },
  },
  "stays when assumptions would turn the direction round": {
    pods: [...used(1000), {}, {}, {}],
    ...{ target: 50, replicas: 4, utilization: 100 },
  },
  "takes pending pods to use nothing when it scales up": {
    pods: [...used(900, 900), { state: "pending" }],
    ...{ target: 50, replicas: 4, utilization: 90 },
  },
  "leaves pending pods out when it scales down": {
    pods: [...used(100, 100), { state: "pending" }],
    ...{ target: 50, replicas: 1, utilization: 10 },
  },
  "does not believe a pod that is starting": {
    pods: [...used(500, 500), { usage: 5000, state: "starting" }],
    ...{ target: 50, replicas: 3, utilization: 50 },
  },
  "believes a pod that is no longer ready after its first minutes": {
    pods: [...used(500), { usage: 1500, state: "unready" }],
    ...{ target: 50, replicas: 4, utilization: 100 },
  },
  "does not count pods that go or failed": {
    pods: [...used(1000), { usage: 1000, state: "going" }, { usage: 1000, state: "failed" }],
    ...{ target: 50, replicas: 2, utilization: 100 },
  },
};

for (const [name, { pods: seen, target, current = seen.length, replicas, utilization }] of Object.entries(
  cases,
)) {
  test(`replicasForPods() ${name}`, () => {
    const pods = seen.map(podOf);
    const requests = new Map(pods.map(({ metadata }) => [metadata.name!, 1000]));
    const question = { pods, figures: figuresOf(seen), currentReplicas: current, tolerances: TOLERANCES };
    const answer = replicasForPods(
      { ...question, isCpu: true, now: NOW },
      utilizationYardstick(target, () => requests),
    );
    assert.deepEqual(
      { replicas: answer.replicas, utilization: answer.utilization },
      { replicas, utilization },
    );
  });
}

test("replicasForPods() counts amounts of what is no CPU from the first moment", () => {
  const seen: Seen[] = [...used(10_000), { usage: 30_000, state: "starting" }];
  const question = { pods: seen.map(podOf), figures: figuresOf(seen), currentReplicas: 2, now: NOW };
  const answer = replicasForPods(
    { ...question, tolerances: TOLERANCES, isCpu: false },
    amountYardstick(10_000),
  );
  assert.deepEqual(answer, { replicas: 4, average: 20_000, ratio: 2 });
});

test("replicasForPods() says why it cannot tell", () => {
  const ask = (seen: readonly Seen[], requests = new Map<string, number>()) =>
    replicasForPods(
      {
        ...{ pods: seen.map(podOf), figures: figuresOf(seen), currentReplicas: 1 },
        ...{ tolerances: TOLERANCES, isCpu: true, now: NOW },
      },
      utilizationYardstick(50, () => requests),
    );
  assert.throws(() => ask([]), { message: "no pods returned by selector while calculating replica count" });
  assert.throws(() => ask([{ usage: 1, state: "pending" }]), {
    message: "did not receive metrics for targeted pods (pods might be unready)",
  });
  assert.throws(() => ask(used(1)), { message: "no metrics returned matched known pods" });
});

test("replicasForTotal() multiplies the ready pods", () => {
  const pods = [{}, {}, { state: "unready" } as const].map(podOf);
  const question = { pods, currentReplicas: 3, tolerances: TOLERANCES };
  assert.equal(replicasForTotal(question, 2.5), 5);
  assert.equal(replicasForTotal(question, 1.05), 3);
  assert.equal(replicasForTotal(question, 1e12), 2 ** 31 - 1);
});

test("replicasForShare() divides what there is", () => {
  const question = { currentReplicas: 4, tolerances: { up: 0.1, down: 0.2 } };
  assert.equal(replicasForShare(question, 8600, 2000), 4);
  assert.equal(replicasForShare(question, 9000, 2000), 5);
  assert.equal(replicasForShare(question, 6400, 2000), 4);
  assert.equal(replicasForShare(question, 6000, 2000), 3);
});

function podOf({ state = "ready" }: Seen, i: number): Pod {
  const isNew = state === "starting";
  const ready = { lastTransitionTime: formatTime(NOW - (isNew ? 30_000 : 900_000)) };
  return {
    metadata: { name: `pod-${i}`, ...(state === "going" && { deletionTimestamp: formatTime(NOW) }) },
    status: {
      phase: state === "pending" ? "Pending" : state === "failed" ? "Failed" : "Running",
      startTime: formatTime(NOW - (isNew ? 60_000 : 3_600_000)),
      conditions: [{ type: "Ready", status: state === "unready" ? "False" : "True", ...ready }],
    },
  };
}

function figuresOf(seen: readonly Seen[]): Map<string, PodFigure> {
  return new Map(
    seen.flatMap(({ usage }, i) =>
      usage === undefined ? [] : [[`pod-${i}`, { value: usage, at: NOW, windowMs: 60_000 }] as const],
    ),
  );
}
