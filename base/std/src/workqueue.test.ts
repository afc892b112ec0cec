/** The promises of WorkQueue: fair, stingy, exclusive. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { WorkQueue } from "./workqueue.ts";

test("WorkQueue gives keys in the order they came, each once", async () => {
  const queue = new WorkQueue();
  for (const key of ["a", "b", "a", "c"]) queue.add(key);
  assert.deepEqual([await queue.take(), await queue.take(), await queue.take()], ["a", "b", "c"]);
});

test("WorkQueue gives a key back after done when it changed meanwhile", async () => {
  const queue = new WorkQueue();
  queue.add("a");
  await queue.take();
  queue.add("a"); // while out: must not be handed to a second worker yet
  queue.add("b");

  assert.equal(await queue.take(), "b");
  queue.done("a");
  assert.equal(await queue.take(), "a");
});

test("WorkQueue.close lets waiting takers go", async () => {
  const queue = new WorkQueue();
  const taken = queue.take();
  queue.close();
  assert.equal(await taken, undefined);
});

test("WorkQueue is idle only when nothing waits and nothing is out", async () => {
  const queue = new WorkQueue();
  assert.ok(queue.idle);
  queue.add("a");
  await queue.take();
  assert.ok(!queue.idle);
  queue.done("a");
  assert.ok(queue.idle);
});
