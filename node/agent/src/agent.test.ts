/** One real pod after another through a real containerd: started, seen, restarted, ended, and nothing left. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { BUSYBOX, skipContainerd as skip } from "@knarr/cri/testing/containerd.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { NODE, TestNode } from "./testing/node.ts";

let node: TestNode;
const timeout = 60_000;

before(async () => {
  if (!skip) node = await TestNode.start("10.231.0.0/24");
});
after(async () => {
  if (!skip) await node[Symbol.asyncDispose]();
});

const isReady = (pod?: Pod) =>
  pod?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
const containerOf = (pod: Pod | undefined, index = 0) => pod!.status!.containerStatuses![index]!;
const idOf = (pod: Pod | undefined) => containerOf(pod).containerID!.replace("containerd://", "");

test("the agent runs a pod from creation to nothing left", { skip, timeout }, async ({ signal }) => {
  const { api, agent } = node;
  const command = ["sh", "-c", "echo hello; exec sleep 1000"];
  const created = performance.now();
  await api.createPod("web", { nodeName: NODE, containers: [{ name: "web", image: BUSYBOX, command }] });

  const running = await api.until("web", isReady, signal);
  console.log("running after", Math.round(performance.now() - created), "ms");
  assert.equal(running?.status?.phase, "Running");
  assert.match(running.status.podIP ?? "", /^10\.231\.0\.\d+$/);
  assert.equal(containerOf(running).started, true);

  const { exitCode, stdout } = await agent.access.execSync(idOf(running), ["cat", "/etc/hosts"], 10_000);
  assert.equal(exitCode, 0);
  assert.match(stdout.toString(), new RegExp(`^${running.status.podIP}\tweb$`, "m"));
  const logs = join(node.config.podLogsDir!, `default_web_${running.metadata!.uid}`, "web", "0.log");
  assert.match(readFileSync(logs, "utf8"), / stdout F hello\n$/);

  await agent.access.execSync(idOf(running), ["sh", "-c", "kill -9 1; true"], 10_000).catch(() => {}); // it dies with its container
  await node.rig.runtime.stopContainer(idOf(running), 0);
  const restarted = await api.until(
    "web",
    (pod) => containerOf(pod).restartCount === 1 && isReady(pod),
    signal,
  );
  assert.equal(containerOf(restarted).lastState?.terminated?.exitCode, 137);

  const deleted = performance.now();
  await api.deletePod("web", 1);
  await api.until("web", (pod) => pod === undefined, signal);
  console.log("gone after", Math.round(performance.now() - deleted), "ms");
  while ((await node.remains()).length) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(await node.remains(), []);
});
