/** podsToDelete: each rule decides when all before it are even. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { podsToDelete } from "./deletion-order.ts";

const NOW = Date.parse("2026-01-01T12:00:00Z");

interface Traits {
  readonly name: string;
  readonly node?: string;
  readonly phase?: string;
  readonly readyAt?: string;
  readonly cost?: string;
  readonly restarts?: number;
  readonly created?: string;
}

function pod({ name, node = "n1", phase = "Running", readyAt, cost, restarts = 0, created }: Traits): Pod {
  return {
    metadata: {
      name,
      uid: name,
      creationTimestamp: created ?? "2026-01-01T00:00:00Z",
      ...(cost !== undefined && { annotations: { "controller.kubernetes.io/pod-deletion-cost": cost } }),
    },
    spec: { containers: [], ...(node && { nodeName: node }) },
    status: {
      phase,
      ...(readyAt && { conditions: [{ type: "Ready", status: "True", lastTransitionTime: readyAt }] }),
      containerStatuses: [{ name: "c", restartCount: restarts } as never],
    },
  };
}

const READY = "2026-01-01T01:00:00Z";

for (const { rule, first, second } of [
  { rule: "without a node before with one", first: { node: "" }, second: { phase: "Pending" } },
  { rule: "pending before running", first: { phase: "Pending", cost: "9" }, second: { cost: "1" } },
  { rule: "not ready before ready", first: { cost: "9" }, second: { readyAt: READY, cost: "1" } },
  {
    rule: "low cost before high cost",
    first: { cost: "-5", restarts: 0 },
    second: { cost: "3", restarts: 9 },
  },
  { rule: "a cost that is no number counts as 0", first: { cost: "+7" }, second: { cost: "1" } },
  {
    rule: "ready for a short time before long",
    first: { readyAt: "2026-01-01T11:59:00Z" },
    second: { readyAt: READY, restarts: 9 },
  },
  {
    rule: "many restarts before few",
    first: { restarts: 3 },
    second: { restarts: 2, created: "2026-01-01T11:00:00Z" },
  },
  { rule: "young before old", first: { created: "2026-01-01T11:59:00Z" }, second: {} },
  {
    rule: "about the same age: by uid",
    first: { created: "2026-01-01T00:00:05Z" },
    second: { created: "2026-01-01T00:00:09Z" },
  },
] satisfies { rule: string; first: Partial<Traits>; second: Partial<Traits> }[]) {
  test(`podsToDelete takes ${rule}`, () => {
    const [a, b] = [pod({ name: "a", ...first }), pod({ name: "b", ...second })];
    assert.deepEqual(podsToDelete([b, a], [a, b], 1, NOW), [a]);
    assert.deepEqual(podsToDelete([a, b], [a, b], 1, NOW), [a]);
  });
}

test("podsToDelete takes from the node with most siblings", () => {
  const [a, b] = [
    pod({ name: "a", node: "crowded", readyAt: READY }),
    pod({ name: "b", node: "quiet", readyAt: READY }),
  ];
  const sibling = pod({ name: "c", node: "crowded", readyAt: READY });
  assert.deepEqual(podsToDelete([b, a], [a, b, sibling], 1, NOW), [a]);
});
