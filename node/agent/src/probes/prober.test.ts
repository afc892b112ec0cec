/** The prober against a clock that is moved by hand and containers whose health is set by hand. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { Container } from "@knarr/kinds/generated/core-v1.ts";
import { FakeClock } from "@knarr/std/clock.ts";
import type { RuntimeAccess } from "../runtime-access.ts";
import type { ProbeResult } from "./probe.ts";
import { Prober } from "./prober.ts";

const exec = { command: ["check"] };

test("Prober makes a container ready with its first success, and unready after failureThreshold failures", async () => {
  const rig = makeRig({ readinessProbe: { exec, periodSeconds: 5, failureThreshold: 2 } });
  await rig.settle();
  assert.deepEqual(rig.health(), { started: true, ready: true, failed: undefined });
  assert.deepEqual(rig.log.splice(0), ["asked exec", "started ready"]);
  rig.answer = { outcome: "failure", output: "sick" };
  await rig.pass(5000);
  assert.equal(rig.health()!.ready, true);
  await rig.pass(4999);
  assert.deepEqual(rig.log.splice(0), ["asked exec", "Unhealthy: Readiness probe failed: sick"]);
  await rig.pass(1);
  assert.equal(rig.health()!.ready, false);
  assert.deepEqual(rig.log.splice(0), ["asked exec", "Unhealthy: Readiness probe failed: sick", "started"]);
});

test("Prober asks a new container sooner again until it is ready, and then by its period", async () => {
  const rig = makeRig(
    { readinessProbe: { exec, periodSeconds: 3, successThreshold: 2 } },
    { answer: { outcome: "failure", output: "starting" } },
  );
  const asked = async (ms: number): Promise<number> => {
    rig.log.length = 0;
    await rig.pass(ms - 1);
    assert.equal(rig.log.length, 0);
    await rig.pass(1);
    return rig.log.filter((line) => line.startsWith("asked")).length;
  };
  await rig.settle();
  for (const ms of [500, 1000, 2000, 3000, 3000]) assert.equal(await asked(ms), 1);
  rig.prober.unwatch("id");
  const next = makeRig({ readinessProbe: { exec, successThreshold: 2 } }, { answer: rig.answer });
  await next.settle();
  next.answer = success;
  await next.pass(500);
  assert.equal(next.health()!.ready, false);
  await next.pass(9999); // two successes are a period apart, as always
  assert.equal(next.health()!.ready, false);
  await next.pass(1);
  assert.equal(next.health()!.ready, true);
});

test("Prober waits for initialDelaySeconds from the start of the container", async () => {
  const rig = makeRig({ readinessProbe: { exec, initialDelaySeconds: 30 } });
  await rig.pass(29_999);
  assert.deepEqual([rig.health()!.ready, rig.log], [false, []]);
  await rig.pass(1);
  assert.equal(rig.health()!.ready, true);
});

test("Prober says once that liveness failed, and then rests", async () => {
  const rig = makeRig(
    { livenessProbe: { exec, periodSeconds: 1, terminationGracePeriodSeconds: 7 } },
    { answer: { outcome: "failure", output: "dead" } },
  );
  await rig.pass(1000);
  assert.equal(rig.health()!.failed, undefined);
  await rig.pass(1000);
  assert.equal(rig.health()!.failed?.purpose, "liveness");
  assert.equal(rig.health()!.failed?.probe.terminationGracePeriodSeconds, 7);
  rig.log.length = 0;
  await rig.pass(10_000);
  assert.deepEqual(rig.log, []);
});

test("Prober asks nothing else until the startup probe succeeded, then all at once", async () => {
  const rig = makeRig(
    {
      startupProbe: { exec, periodSeconds: 2, failureThreshold: 5 },
      readinessProbe: { httpGet: { port: 80 } },
      livenessProbe: { tcpSocket: { port: 80 } },
    },
    { answer: { outcome: "failure", output: "not yet" } },
  );
  await rig.settle();
  await rig.pass(2000);
  assert.equal(rig.log.filter((line) => line.startsWith("asked")).join(), "asked exec,asked exec");
  assert.deepEqual(rig.health(), { started: false, ready: false, failed: undefined });
  rig.log.length = 0;
  rig.answer = { outcome: "success", output: "" };
  await rig.pass(2000);
  assert.deepEqual(rig.log, ["asked exec", "started", "asked httpGet", "asked tcpSocket", "started ready"]);
});

test("Prober fails a container whose startup probe never succeeds", async () => {
  const rig = makeRig(
    { startupProbe: { exec, periodSeconds: 1, failureThreshold: 2 } },
    { answer: { outcome: "failure", output: "no" } },
  );
  await rig.settle();
  await rig.pass(1000);
  assert.equal(rig.health()!.failed?.purpose, "startup");
});

test("Prober tries a question that could not be asked three times, and does not count it", async () => {
  const rig = makeRig(
    { livenessProbe: { exec, failureThreshold: 1 } },
    { answer: { outcome: "unknown", output: "no runtime" } },
  );
  await rig.settle();
  assert.deepEqual(rig.log, [
    "asked exec",
    "asked exec",
    "asked exec",
    "Unhealthy: Liveness probe errored and resulted in unknown state: no runtime",
  ]);
  assert.equal(rig.health()!.failed, undefined);
});

test("Prober counts a warning as success, and reports it", async () => {
  const rig = makeRig({ readinessProbe: { exec } }, { answer: { outcome: "warning", output: "redirected" } });
  await rig.settle();
  assert.equal(rig.health()!.ready, true);
  assert.ok(rig.log.includes("ProbeWarning: Readiness probe warning: redirected"));
});

test("Prober leaves a terminating pod alone but for its readiness", async () => {
  const rig = makeRig({ readinessProbe: { exec }, livenessProbe: { tcpSocket: { port: 1 } } });
  await rig.settle();
  rig.prober.stopLivenessAndStartup("uid");
  rig.log.length = 0;
  await rig.pass(10_000);
  assert.deepEqual(rig.log, ["asked exec"]);
  rig.prober.unwatch("id");
  await rig.pass(10_000);
  assert.deepEqual([rig.log.length, rig.health()], [1, undefined]);
});

test("Prober keeps what was known of a container that ran before the agent did, and spreads its first questions", async () => {
  const rig = makeRig(
    { startupProbe: { exec }, readinessProbe: { exec, failureThreshold: 1 } },
    { recovered: { started: true, ready: true }, answer: { outcome: "failure", output: "" } },
  );
  await rig.pass(4999);
  assert.deepEqual([rig.health(), rig.log], [{ started: true, ready: true, failed: undefined }, []]);
  await rig.pass(1);
  assert.equal(rig.health()!.ready, false);
});

const success: ProbeResult = { outcome: "success", output: "" };

function makeRig(
  probes: Partial<Container>,
  {
    answer = success,
    recovered,
  }: { answer?: ProbeResult; recovered?: { started: boolean; ready: boolean } } = {},
) {
  const clock = new FakeClock();
  const log: string[] = [];
  const type = (name: "exec" | "httpGet" | "tcpSocket" | "grpc") => ({
    name,
    run: async () => {
      log.push(`asked ${name}`);
      return rig.answer;
    },
  });
  const prober = new Prober({
    clock,
    random: () => 0.5,
    types: [type("exec"), type("httpGet"), type("tcpSocket")],
    listener: {
      onHealthChange: (_, { started, ready, failed }) =>
        log.push([started && "started", ready && "ready", failed && "failed"].filter(Boolean).join(" ")),
      onEvent: (_, reason, message) => log.push(`${reason}: ${message}`),
    },
  });
  const settle = async () => {
    for (let turns = 0; turns < 10; turns++) await turn();
  };
  const rig = {
    prober,
    log,
    settle,
    answer,
    health: () => prober.health("id"),
    pass: async (ms: number) => {
      await settle();
      clock.advance(ms);
      await settle();
    },
  };
  prober.watch({
    pod: { metadata: { name: "p", namespace: "n", uid: "uid" } },
    container: { name: "c", ...probes },
    containerId: "id",
    podIP: "127.0.0.1",
    runtime: {} as RuntimeAccess,
    startedAt: clock.now(),
    ...(recovered && { recovered }),
  });
  return rig;
}
