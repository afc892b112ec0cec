/** Waits after failures: doubled each time, begun anew by a success. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { failuresAfter, finishedAt, NO_FAILURES, waitAfter } from "./backoff.ts";

const START = Date.parse("2026-01-01T00:00:00Z");
const at = (seconds: number) => new Date(START + seconds * 1000).toISOString();

function ended(seconds: number): Pod {
  const terminated = { exitCode: 1, finishedAt: at(seconds) };
  return {
    metadata: { name: "p" },
    spec: { containers: [] },
    status: { containerStatuses: [{ name: "c", state: { terminated } } as never] },
  };
}

test("waitAfter doubles with every failure, up to ten minutes, from when the last one was", () => {
  const waits = [0, 1, 2, 3, 7, 50].map((count) => waitAfter({ count, lastAt: START }, START) / 1000);
  assert.deepEqual(waits, [0, 10, 20, 40, 600, 600]);
  assert.equal(waitAfter({ count: 1, lastAt: START }, START + 4000), 6000);
  assert.equal(waitAfter({ count: 1, lastAt: START }, START + 40_000), 0);
});

test("failuresAfter counts on, and forgets what was before a success", () => {
  const two = failuresAfter(NO_FAILURES, [], [ended(2), ended(1)]);
  assert.deepEqual(two, { count: 2, lastAt: START + 2000 });
  assert.deepEqual(failuresAfter(two, [], []), two);
  assert.deepEqual(failuresAfter(two, [ended(5)], [ended(4)]), NO_FAILURES);
  assert.deepEqual(failuresAfter(two, [ended(5)], [ended(4), ended(6)]), { count: 1, lastAt: START + 6000 });
});

test("finishedAt falls back from containers to readiness, deletion, creation", () => {
  const pod: Pod = { metadata: { creationTimestamp: at(1) }, spec: { containers: [] }, status: {} };
  assert.equal(finishedAt(pod), START + 1000);
  pod.metadata.deletionTimestamp = at(40);
  pod.metadata.deletionGracePeriodSeconds = 30;
  assert.equal(finishedAt(pod), START + 10_000);
  pod.status!.conditions = [{ type: "Ready", status: "False", lastTransitionTime: at(5) }];
  assert.equal(finishedAt(pod), START + 5000);
  pod.status!.containerStatuses = [{ name: "c", state: { running: {} } } as never];
  assert.equal(finishedAt(pod), START + 5000); // one has not ended
  assert.equal(finishedAt(ended(3)), START + 3000);
});
