/** One real pod after another through a real containerd: started, seen, restarted, ended, and nothing left. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { BUSYBOX, skipContainerd as skip } from "@knarr/cri/testing/containerd.ts";
import type { Lease } from "@knarr/kinds/generated/coordination-v1.ts";
import type { Node, Pod } from "@knarr/kinds/generated/core-v1.ts";
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
  await api.createPod("web", { nodeName: NODE, containers: [{ name: "web", image: BUSYBOX, command }] });

  const running = await api.until("web", isReady, signal);
  assert.equal(running?.status?.phase, "Running");
  assert.match(running.status.podIP ?? "", /^10\.231\.0\.\d+$/);
  assert.equal(containerOf(running).started, true);

  const { exitCode, stdout } = await agent.access.execSync(idOf(running), ["cat", "/etc/hosts"], 10_000);
  assert.equal(exitCode, 0);
  assert.match(stdout.toString(), new RegExp(`^${running.status.podIP}\tweb$`, "m"));
  const logs = join(node.config.podLogsDir!, `default_web_${running.metadata!.uid}`, "web", "0.log");
  assert.match(readFileSync(logs, "utf8"), / stdout F hello\n$/);

  await node.rig.runtime.stopContainer(idOf(running), 0);
  const restarted = await api.until(
    "web",
    (pod) => containerOf(pod).restartCount === 1 && isReady(pod),
    signal,
  );
  assert.equal(containerOf(restarted).lastState?.terminated?.exitCode, 137);

  await api.deletePod("web", 1);
  await api.until("web", (pod) => pod === undefined, signal);
  while ((await node.remains()).length) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(await node.remains(), []);
});

test(
  "an agent that starts again finds its pods as they are, and leaves them so",
  { skip, timeout },
  async ({ signal }) => {
    const { api } = node;
    const probe = { exec: { command: ["true"] }, periodSeconds: 1 };
    const spec = (command: string[], more = {}) => ({
      nodeName: NODE,
      terminationGracePeriodSeconds: 1,
      containers: [{ name: "main", image: BUSYBOX, command, ...more }],
    });
    await api.createPod("stays", spec(["sleep", "1000"], { readinessProbe: probe, livenessProbe: probe }));
    await api.createPod("dies", spec(["sleep", "1000"]));
    await api.createPod("goes", spec(["sleep", "1000"]));
    const [stays, dies, goes] = await Promise.all(
      ["stays", "dies", "goes"].map((name) => api.until(name, isReady, signal)),
    );

    await node.agent[Symbol.asyncDispose]();
    await node.rig.runtime.stopContainer(idOf(dies), 0); // while nobody looks
    await api.deletePod("goes", 1);
    const unready: string[] = [];
    const watching = api.until(
      "stays",
      (pod) => {
        if (!isReady(pod)) unready.push(JSON.stringify(pod?.status));
        return containerOf(pod).restartCount > 0 || pod?.metadata?.annotations?.["test"] === "end";
      },
      signal,
    );
    await node.startAgent();

    const back = await api.until(
      "dies",
      (pod) => containerOf(pod).restartCount === 1 && isReady(pod),
      signal,
    );
    assert.equal(containerOf(back).lastState?.terminated?.exitCode, 137);
    await api.until("goes", (pod) => pod === undefined, signal);
    assert.notEqual(goes?.metadata?.uid, undefined);

    const path = "/api/v1/namespaces/default/pods/stays";
    await api.request({ method: "PATCH", path, body: { metadata: { annotations: { test: "end" } } } });
    const still = await watching;
    assert.equal(idOf(still), idOf(stays));
    assert.equal(containerOf(still).restartCount, 0);
    assert.deepEqual(unready, []);
  },
);

test(
  "pods that the API no longer has are ended, and nothing of them is left",
  { skip, timeout },
  async ({ signal }) => {
    const { api } = node;
    const lifecycle = { preStop: { exec: { command: ["sh", "-c", "echo bye > /proc/1/fd/1"] } } };
    const command = ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.05; done"];
    const containers = [{ name: "main", image: BUSYBOX, command, lifecycle }];
    await api.createPod("orphan", { nodeName: NODE, terminationGracePeriodSeconds: 5, containers });
    await api.until("orphan", isReady, signal);
    await node.agent[Symbol.asyncDispose]();
    for (const name of ["orphan", "stays", "dies"]) await api.deletePod(name, 0);
    await node.startAgent();
    while ((await node.remains()).length) await new Promise((resolve) => setTimeout(resolve, 20));
  },
);

test(
  "pods outlive containerd, and are looked after by the next one",
  { skip, timeout },
  async ({ signal }) => {
    const { api, rig } = node;
    const command = ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.05; done"];
    const spec = { nodeName: NODE, containers: [{ name: "main", image: BUSYBOX, command }] };
    await api.createPod("before", spec);
    const before = await api.until("before", isReady, signal);

    const { pid } = rig.containerd;
    process.kill(pid, "SIGKILL");
    await api.createPod("during", spec);
    const during = await api.until("during", isReady, signal);
    assert.notEqual(rig.containerd.pid, pid);
    const still = await api.pod("before");
    assert.deepEqual([idOf(still), isReady(still), containerOf(still).restartCount], [idOf(before), true, 0]);

    await rig.runtime.stopContainer(idOf(before), 0);
    await api.until("before", (pod) => containerOf(pod).restartCount === 1 && isReady(pod), signal);
    assert.equal(containerOf(during).restartCount, 0);
    for (const name of ["before", "during"]) {
      await api.deletePod(name, 5);
      await api.until(name, (pod) => pod === undefined, signal);
    }
    while ((await node.remains()).length) await new Promise((resolve) => setTimeout(resolve, 20));
  },
);

test("the node says what it is, that it lives, and that it is ready", { skip, timeout }, async () => {
  await node.agent.ready;
  const { body } = await node.api.request({ method: "GET", path: `/api/v1/nodes/${NODE}` });
  const { status, metadata } = body as Node;
  assert.equal(metadata?.labels?.["kubernetes.io/hostname"], NODE);
  assert.equal(status?.nodeInfo?.containerRuntimeVersion?.split("://")[0], "containerd");
  assert.deepEqual(status.addresses, [
    { type: "InternalIP", address: "192.0.2.7" },
    { type: "Hostname", address: NODE },
  ]);
  assert.deepEqual(
    status.conditions?.map(({ type, reason }) => [type, reason]),
    [
      ["MemoryPressure", "KubeletHasSufficientMemory"],
      ["DiskPressure", "KubeletHasNoDiskPressure"],
      ["PIDPressure", "KubeletHasSufficientPID"],
      ["Ready", "KubeletReady"],
    ],
  );
  assert.ok(status.images?.some(({ names }) => names?.includes(BUSYBOX)));
  const path = `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${NODE}`;
  const lease = (await node.api.request({ method: "GET", path })).body as Lease;
  assert.equal(lease.spec?.holderIdentity, NODE);
});
