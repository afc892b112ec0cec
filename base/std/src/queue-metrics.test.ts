/** Queues in figures. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Metrics } from "./metrics.ts";
import { QueueMetrics } from "./queue-metrics.ts";
import { WorkQueue } from "./workqueue.ts";

test("QueueMetrics counts what a queue was given, what waits and what is worked on", async () => {
  const metrics = new Metrics();
  const figures = new QueueMetrics(metrics);
  const queue = new WorkQueue(figures.queue("pods"));
  const line = (name: string): string =>
    metrics
      .text()
      .split("\n")
      .find((line) => line.startsWith(`workqueue_${name}{name="pods"}`))!
      .split(" ")[1]!;
  queue.add("a");
  queue.add("b");
  queue.add("a");
  assert.deepEqual([line("adds_total"), line("depth")], ["2", "2"]);
  assert.equal(await queue.take(), "a");
  queue.add("a"); // while it is out: it waits again, and comes when it is done
  assert.deepEqual(
    [line("adds_total"), line("depth"), line("queue_duration_seconds_count")],
    ["3", "2", "1"],
  );
  assert.ok(Number(line("unfinished_work_seconds")) > 0);
  queue.done("a");
  assert.deepEqual([line("work_duration_seconds_count"), line("unfinished_work_seconds")], ["1", "0"]);
  figures.retried("a");
  assert.match(metrics.text(), /^workqueue_retries_total\{name="a"\} 1$/m);
});
