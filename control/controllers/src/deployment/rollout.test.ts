/** The arithmetic of rollouts. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Deployment, ReplicaSet } from "@knarr/kinds/generated/apps-v1.ts";
import { currentReplicas, limitsOf, scaling, shrinkOld } from "./rollout.ts";

function deployment(
  replicas: number,
  maxSurge: number | string,
  maxUnavailable: number | string,
): Deployment {
  return {
    metadata: { name: "web" },
    spec: {
      replicas,
      selector: {},
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge, maxUnavailable } },
      template: {},
    },
  };
}

let made = 0;

/** A ReplicaSet of `replicas`, of which `available` are. */
function set(replicas: number, available = replicas, annotations: Record<string, string> = {}): ReplicaSet {
  const stamp = String(++made).padStart(4, "0");
  return {
    metadata: { name: `s${stamp}`, creationTimestamp: `2026-01-01T00:00:00.${stamp}Z`, annotations },
    spec: { replicas, selector: {} },
    status: { replicas, availableReplicas: available },
  };
}

for (const [replicas, maxSurge, maxUnavailable, surge, unavailable] of [
  [2, "0%", "1%", 0, 1],
  [1, "0%", "1%", 0, 1],
  [2, "1%", "25%", 1, 0],
  [10, "25%", "25%", 3, 2],
  [10, 0, 3, 0, 3],
  [1, 0, 5, 0, 1],
  [0, "25%", "25%", 0, 0],
] as const) {
  test(`limitsOf ${replicas} replicas, surge ${maxSurge}, unavailable ${maxUnavailable}`, () => {
    assert.deepEqual(limitsOf(deployment(replicas, maxSurge, maxUnavailable)), { surge, unavailable });
  });
}

for (const { name, replicas, surge, current, old, want } of [
  { name: "all at once where there is room", replicas: 10, surge: 10, current: 0, old: 10, want: 10 },
  { name: "only the surge beside a full old one", replicas: 10, surge: 2, current: 0, old: 10, want: 2 },
  { name: "nothing where there is no room", replicas: 10, surge: 0, current: 0, old: 10, want: 0 },
  { name: "never more than wanted", replicas: 10, surge: 5, current: 8, old: 2, want: 10 },
  { name: "down to what is wanted", replicas: 3, surge: 2, current: 8, old: 0, want: 3 },
]) {
  test(`currentReplicas is ${name}`, () => {
    const newest = set(current);
    assert.equal(currentReplicas(deployment(replicas, surge, 0), newest, [set(old), newest]), want);
  });
}

for (const { name, unavailable, current, old, want } of [
  {
    name: "nothing while the new ones are not available",
    unavailable: 0,
    current: [3, 0],
    old: [[10, 10]],
    want: [],
  },
  { name: "as many as became available", unavailable: 0, current: [3, 2], old: [[10, 10]], want: [8] },
  { name: "what may be unavailable at once", unavailable: 2, current: [0, 0], old: [[10, 10]], want: [8] },
  {
    name: "unhealthy ones first",
    unavailable: 2,
    current: [0, 0],
    old: [
      [8, 8],
      [2, 0],
    ],
    want: [0],
  },
  {
    name: "the oldest first",
    unavailable: 0,
    current: [7, 7],
    old: [
      [3, 3],
      [5, 5],
    ],
    want: [0, 3],
  },
] satisfies {
  name: string;
  unavailable: number;
  current: [number, number];
  old: [number, number][];
  want: number[];
}[]) {
  test(`shrinkOld takes ${name}`, () => {
    const resizes = shrinkOld(
      deployment(10, 3, unavailable),
      set(...current),
      old.map(([replicas, available]) => set(replicas, available)),
    );
    assert.deepEqual(
      resizes.map(({ replicas }) => replicas),
      want,
    );
  });
}

for (const { name, from, to, sizes, want } of [
  { name: "grows both in proportion", from: 10, to: 20, sizes: [8, 5], want: [15, 10] },
  { name: "shrinks both in proportion", from: 20, to: 10, sizes: [14, 9], want: [7, 6] },
  { name: "to zero takes all", from: 10, to: 0, sizes: [8, 5], want: [0, 0] },
] as const) {
  test(`scaling ${name}`, () => {
    const before = Math.ceil(from * 1.25);
    const notes = {
      "deployment.kubernetes.io/desired-replicas": String(from),
      "deployment.kubernetes.io/max-replicas": String(before),
    };
    const [old, current] = [set(sizes[0], 0, notes), set(sizes[1], 0, notes)];
    const resizes = scaling(deployment(to, "25%", "25%"), current, [old]);
    const size = (of: ReplicaSet) => resizes.find((resize) => resize.set === of)!.replicas;
    assert.deepEqual([size(old), size(current)], want);
  });
}
