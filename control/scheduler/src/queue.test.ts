/** The scheduling queue: who is next, who waits, and for what. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node, Pod } from "@knarr/kinds/generated/core-v1.ts";
import { FakeClock } from "@knarr/std/clock.ts";
import { plugins } from "./plugins.ts";
import { SchedulingQueue } from "./queue.ts";

function pod(name: string, spec: Partial<NonNullable<Pod["spec"]>> = {}): Pod {
  return { metadata: { name, uid: name }, spec: { containers: [], ...spec } };
}

function setUp() {
  const clock = new FakeClock();
  return { clock, queue: new SchedulingQueue(plugins, clock) };
}

const fit = new Set(["NodeResourcesFit"]);
const gone = { resource: "pods", change: "delete", object: pod("gone") } as const;
const node: Node = { metadata: { name: "n" }, status: { allocatable: { cpu: "1", pods: "1" } } };

test("SchedulingQueue gives the most important first, then the one that waits longest", () => {
  const { clock, queue } = setUp();
  for (const [name, priority] of [
    ["first", 0],
    ["second", 0],
    ["urgent", 10],
  ] as const) {
    queue.put(pod(name, { priority }));
    clock.advance(1);
  }
  assert.deepEqual(
    [1, 2, 3, 4].map(() => queue.take()?.metadata.name),
    ["urgent", "first", "second", undefined],
  );
});

test("SchedulingQueue keeps a gated pod until its gates are gone", () => {
  const { queue } = setUp();
  queue.put(pod("p", { schedulingGates: [{ name: "wait" }] }));
  assert.equal(queue.take(), undefined);
  assert.equal(queue.counts().gated, 1);
  queue.put(pod("p"));
  assert.equal(queue.take()?.metadata.name, "p");
});

test("SchedulingQueue wakes a rejected pod by a change that its plugins care for, and by no other", () => {
  const { clock, queue } = setUp();
  const taints = new Set(["TaintToleration"]);
  queue.put(pod("p"));
  queue.reject(queue.take()!, taints);
  clock.advance(20_000);
  queue.wake(gone);
  assert.equal(queue.take(), undefined);
  const tainted = { ...node, spec: { taints: [{ key: "k", effect: "NoSchedule" }] } };
  queue.wake({ resource: "nodes", change: "update", object: tainted, previous: node });
  assert.equal(queue.take(), undefined);
  queue.wake({ resource: "nodes", change: "update", object: node, previous: tainted });
  assert.equal(queue.take()?.metadata.name, "p");
});

test("SchedulingQueue lets a pod that failed wait 1, 2, 4, 8 and then 10 seconds", () => {
  const { clock, queue } = setUp();
  queue.put(pod("p"));
  for (const seconds of [1, 2, 4, 8, 10, 10]) {
    queue.fail(queue.take()!);
    clock.advance(seconds * 1000 - 1);
    assert.equal(queue.take(), undefined, `just before ${seconds} s`);
    clock.advance(1);
    assert.equal(queue.counts().backoff, 1);
  }
  assert.equal(queue.take()?.metadata.name, "p");
});

test("SchedulingQueue tries a woken pod before its back-off is over when nothing else is to do", () => {
  const { queue } = setUp();
  queue.put(pod("p"));
  queue.reject(queue.take()!, fit);
  queue.wake(gone);
  assert.equal(queue.counts().backoff, 1);
  queue.put(pod("other"));
  assert.equal(queue.take()?.metadata.name, "other");
  assert.equal(queue.take()?.metadata.name, "p");
});

test("SchedulingQueue tries a pod that nothing wakes again after five minutes", () => {
  const { clock, queue } = setUp();
  queue.put(pod("p"));
  queue.reject(queue.take()!, fit);
  clock.advance(299_999);
  assert.equal(queue.take(), undefined);
  clock.advance(1);
  assert.equal(queue.take()?.metadata.name, "p");
});

test("SchedulingQueue tries a rejected pod again when it wants something else, not when only its status changed", () => {
  const { clock, queue } = setUp();
  queue.put(pod("p"));
  queue.reject(queue.take()!, fit);
  clock.advance(20_000);
  queue.put(pod("p"), { wantsElse: false });
  assert.equal(queue.take(), undefined);
  queue.put(pod("p", { nodeSelector: {} }));
  assert.deepEqual(queue.take()?.spec?.nodeSelector, {});
});

test("SchedulingQueue forgets a pod that was deleted, wherever it was", () => {
  const { queue } = setUp();
  queue.put(pod("active"));
  queue.remove("active");
  assert.equal(queue.take(), undefined);
  queue.put(pod("out"));
  const out = queue.take()!;
  queue.remove("out");
  queue.reject(out, fit);
  queue.wake(gone);
  assert.equal(queue.take(), undefined);
});
