/** electLeader: one leads, another takes over when the first is gone. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "@knarr/std/clock.ts";
import { silent } from "@knarr/std/log.ts";
import { createApi } from "./create-api.ts";
import { electLeader } from "./leader-election.ts";
import { MemoryTransport } from "./testing/memory-transport.ts";

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

/** Two candidates for one lease, with a log of who began and ended to lead. */
function setUp() {
  const transport = new MemoryTransport();
  const clock = new FakeClock();
  const log: string[] = [];
  const stand = (identity: string, over: MemoryTransport = transport) => {
    const stop = new AbortController();
    const options = { api: createApi(over), lease: "kube-system/test", identity, clock, log: silent };
    const lead = async (signal: AbortSignal) => {
      log.push(`+${identity}`);
      await untilAborted(signal);
      log.push(`-${identity}`);
    };
    const ended = electLeader(options, lead, stop.signal);
    return { ended, stop: async () => (stop.abort(), ended) };
  };
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 1000) {
      for (let i = 0; i < 10; i++) await new Promise(setImmediate);
      clock.advance(1000);
    }
    for (let i = 0; i < 10; i++) await new Promise(setImmediate);
  };
  return { transport, clock, log, stand, pass };
}

test("electLeader lets one lead at a time, and the next at once when it gives the lease back", async () => {
  const { log, stand, pass } = setUp();
  const a = stand("a");
  await pass(1000);
  const b = stand("b");
  await pass(60_000);
  assert.deepEqual(log, ["+a"]);
  await a.stop();
  await pass(4000);
  assert.deepEqual(log, ["+a", "-a", "+b"]);
  await b.stop();
});

test("electLeader stops leading when the lease cannot be renewed, and another takes over after it ran out", async () => {
  const { transport, log, stand, pass } = setUp();
  const a = stand("a");
  await pass(1000);
  const b = stand("b");
  await pass(4000);
  // `a` no longer reaches the server: its writes fail, those of `b` do not.
  transport.fault = ({ method, body }) => {
    if (method === "PUT" && (body as any).spec.holderIdentity !== "b") throw new Error("unreachable");
  };
  await pass(14_000);
  assert.deepEqual(log, ["+a", "-a"]);
  await pass(8000);
  assert.deepEqual(log, ["+a", "-a", "+b"]);
  await Promise.all([a.stop(), b.stop()]);
});
