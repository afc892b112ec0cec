/** Jobs that are over go when their time is up, not before, and not at all when they do not ask for it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { job as jobs } from "@knarr/kinds/batch/job.ts";
import type { Job } from "@knarr/kinds/generated/batch-v1.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import { TestCluster } from "@knarr/test-cluster/test-cluster.ts";
import { ttlAfterFinishedController } from "./controller.ts";

async function makeJob(cluster: TestCluster, name: string, ttlSecondsAfterFinished?: number): Promise<Job> {
  return cluster.create(jobs, {
    metadata: { name, namespace: "default" },
    spec: {
      ...(ttlSecondsAfterFinished !== undefined && { ttlSecondsAfterFinished }),
      template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i" }] } },
    },
  });
}

test("a Job goes so many seconds after its end as it asks for", async () => {
  await using cluster = await TestCluster.start({ controllers: [ttlAfterFinishedController] });
  const made = [await makeJob(cluster, "brief", 10), await makeJob(cluster, "kept")];
  await makeJob(cluster, "running", 10);
  const time = formatTime(cluster.clock.now());
  const condition = (type: string) => ({ type, status: "True", lastTransitionTime: time });
  for (const job of made)
    await cluster.updateStatus(jobs, {
      ...job,
      status: { startTime: time, conditions: [condition("FailureTarget"), condition("Failed")] },
    });
  await cluster.settled();
  await cluster.pass(9000);
  assert.equal(cluster.list(jobs).length, 3);
  await cluster.pass(2000);
  // in the foreground: its pods are gone before it is
  assert.ok(cluster.get(jobs, "default/brief")!.metadata.deletionTimestamp);
  assert.equal(cluster.get(jobs, "default/kept")!.metadata.deletionTimestamp, undefined);
  assert.equal(cluster.get(jobs, "default/running")!.metadata.deletionTimestamp, undefined);
});
