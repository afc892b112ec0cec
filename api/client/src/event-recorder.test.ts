/** EventRecorder: counts what repeats, combines what is alike, and stops what will not. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { event } from "@knarr/kinds/core/event.ts";
import { FakeClock } from "@knarr/std/clock.ts";
import { silent } from "@knarr/std/log.ts";
import { createApi } from "./create-api.ts";
import { EventRecorder } from "./event-recorder.ts";
import { MemoryTransport } from "./testing/memory-transport.ts";

const web = { apiVersion: "v1", kind: "Pod", metadata: { name: "web", namespace: "default", uid: "u1" } };

function setUp() {
  const transport = new MemoryTransport();
  const clock = new FakeClock();
  const source = { component: "kubelet", host: "n1" };
  const recorder = new EventRecorder({ transport, clock, log: silent, source });
  return {
    recorder,
    clock,
    transport,
    async written() {
      for (let i = 0; i < 50; i++) await new Promise(setImmediate);
      return (await createApi(transport).list(event)).items;
    },
  };
}

test("EventRecorder writes one Event and counts it when it happens again", async () => {
  const { recorder, clock, written } = setUp();
  recorder.event(web, "Warning", "BackOff", "Back-off restarting failed container", {
    fieldPath: "spec.containers{web}",
  });
  await written();
  clock.advance(10_000);
  recorder.event(web, "Warning", "BackOff", "Back-off restarting failed container", {
    fieldPath: "spec.containers{web}",
  });
  const [first, ...others] = await written();
  assert.deepEqual(others, []);
  const { count, firstTimestamp, lastTimestamp, source, involvedObject, metadata } = first!;
  assert.deepEqual(
    { count, firstTimestamp, lastTimestamp, source, involvedObject, namespace: metadata.namespace },
    {
      count: 2,
      firstTimestamp: "2026-01-01T00:00:00Z",
      lastTimestamp: "2026-01-01T00:00:10Z",
      source: { component: "kubelet", host: "n1" },
      involvedObject: {
        kind: "Pod",
        namespace: "default",
        name: "web",
        uid: "u1",
        apiVersion: "v1",
        fieldPath: "spec.containers{web}",
      },
      namespace: "default",
    },
  );
  assert.match(metadata.name!, /^web\.[0-9a-f]+$/);
});

test("EventRecorder combines events that differ only in their message after ten of them", async () => {
  const { recorder, written } = setUp();
  for (let i = 0; i < 15; i++) recorder.event(web, "Warning", "Failed", `attempt ${i}`);
  const all = await written();
  assert.equal(all.length, 11);
  assert.equal(all.at(-1)!.message, "(combined from similar events): attempt 14");
  assert.equal(all.at(-1)!.count, 5);
});

test("EventRecorder lets 25 events about one object through at once, and one more every five minutes", async () => {
  const { recorder, clock, written } = setUp();
  for (let i = 0; i < 40; i++) recorder.event(web, "Normal", `Reason${i}`, "m");
  assert.equal((await written()).length, 25);
  clock.advance(300_000);
  for (let i = 40; i < 50; i++) recorder.event(web, "Normal", `Reason${i}`, "m");
  assert.equal((await written()).length, 26);
});

test("EventRecorder makes a new Event when the old one has expired", async () => {
  const { recorder, transport, written } = setUp();
  recorder.event(web, "Normal", "Pulled", "m");
  const [old] = await written();
  await createApi(transport).delete(event, `default/${old!.metadata.name}`);
  recorder.event(web, "Normal", "Pulled", "m");
  const [renewed] = await written();
  assert.equal(renewed!.count, 2);
  assert.notEqual(renewed!.metadata.name, old!.metadata.name);
});
