/** The agent against the real API server, as the node it is: what it may read and write, tokens, graceful deletion, Events. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  BUSYBOX,
  PAUSE,
  skipContainerd as skip,
  testContainerd,
  type TestContainerd,
} from "@knarr/cri/testing/containerd.ts";
import type { Transport } from "@knarr/client/transport.ts";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import { event as events } from "@knarr/kinds/core/event.ts";
import { node as nodes } from "@knarr/kinds/core/node.ts";
import { pod as pods } from "@knarr/kinds/core/pod.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { realClock, type Clock } from "@knarr/std/clock.ts";
import { TestCluster } from "@knarr/test-cluster/test-cluster.ts";
import { startAgent, type Agent } from "./agent.ts";
import { findCgroups } from "./runtime/cgroups.ts";

const NODE = "n1";
const KEY = "default/web";
const cgroupRoot = `/knarr-agent-test-api-${process.pid}`;
const timeout = 60_000;
let rig: TestContainerd;
let cluster: TestCluster<Clock>;
let agent: Agent;

before(async () => {
  if (skip) return;
  rig = await testContainerd("10.231.3.0/24");
  cluster = await TestCluster.start<Clock>({ clock: realClock });
  agent = await startAgent({
    nodeName: NODE,
    nodeIPs: ["192.0.2.7"],
    version: "v1.36.3",
    transport: asNode(cluster),
    runtimeSocket: rig.socket,
    sandboxImage: PAUSE,
    rootDir: join(rig.directory, "agent"),
    podLogsDir: join(rig.directory, "pod-logs"),
    containerLogsDir: join(rig.directory, "container-logs"),
    cgroupRoot,
  });
});

after(async () => {
  if (skip) return;
  await agent[Symbol.asyncDispose]();
  await rig[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
  await (await findCgroups()).remove(cgroupRoot);
});

/** Asks and writes as the node. Reads lists as an administrator: only over HTTP does a node's `metadata.name=…` count as naming one object. */
function asNode(cluster: TestCluster<Clock>): Transport {
  const node = cluster.transportAs(`system:node:${NODE}`, "system:nodes");
  const admin = cluster.transport;
  return {
    request: (request) => node.request(request),
    list: (...selected) => admin.list(...selected),
    watch: (...selected) => admin.watch(...selected),
    [Symbol.asyncDispose]: async () => {},
  };
}

/** Resolves with the pod once it `is`; undefined when it is gone. */
async function until(is: (pod: Pod | undefined) => boolean, signal: AbortSignal): Promise<Pod | undefined> {
  const transport = cluster.transport;
  const { metadata } = await transport.list(pods, {}, signal);
  for (let pod = cluster.get(pods, KEY); ;) {
    if (is(pod)) return pod;
    for await (const batch of transport.watch(pods, {}, metadata.resourceVersion!, signal)) {
      for (const { type, object } of batch)
        if (type !== "BOOKMARK") pod = type === "DELETED" ? undefined : (object as never);
      if (is(pod)) return pod;
    }
    throw new Error(
      `The pod never became what the test waits for: ${JSON.stringify(cluster.get(pods, KEY)?.status)}`,
    );
  }
}
const isReady = (pod?: Pod) =>
  pod?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;

test("the agent runs and ends a pod of the real API server", { skip, timeout }, async ({ signal }) => {
  await agent.ready;
  assert.equal(cluster.get(nodes, NODE)?.status?.conditions?.at(-1)?.reason, "KubeletReady");
  const metadata = { namespace: "default" };
  for (const name of ["kube-root-ca.crt", "settings"])
    await cluster.create(configMap, {
      metadata: { ...metadata, name },
      data: { "ca.crt": "", COLOUR: "blue" },
    });
  const script = "trap 'exit 0' TERM; echo $COLOUR $(cat /token/token | wc -c); while :; do sleep 0.05; done";
  await cluster.create(pods, {
    metadata: { ...metadata, name: "web" },
    spec: {
      nodeName: NODE,
      containers: [
        {
          name: "main",
          image: BUSYBOX,
          command: ["sh", "-c", script],
          envFrom: [{ configMapRef: { name: "settings" } }],
          volumeMounts: [{ name: "token", mountPath: "/token" }],
        },
      ],
      volumes: [{ name: "token", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } }],
    },
  } as Pod & { metadata: object });

  const running = await until(isReady, signal);
  const [status] = running!.status!.containerStatuses!;
  assert.equal(running?.status?.phase, "Running");
  const id = status!.containerID!.replace("containerd://", "");
  const { stdout } = await agent.access.execSync(
    id,
    ["sh", "-c", "echo $COLOUR; cut -c1-2 /token/token"],
    10_000,
  );
  assert.equal(stdout.toString(), "blue\ney\n");
  const labels = '\\{container="main",namespace="default",pod="web"\\}';
  const figures = await agent.figures.resource();
  for (const name of ["container_cpu_usage_seconds_total", "container_memory_working_set_bytes"])
    assert.match(figures, new RegExp(`^${name}${labels} (?!0 )[\\d.]+ \\d+$`, "m"));
  const { pods: summed } = (await agent.figures.summary()) as any;
  assert.ok(summed[0].containers[0].memory.workingSetBytes > 0);

  await cluster.delete(pods, KEY);
  assert.equal(cluster.get(pods, KEY)?.metadata?.deletionGracePeriodSeconds, 30);
  await until((pod) => pod === undefined, signal);
  while ((await rig.runtime.listPodSandboxes()).length)
    await new Promise((resolve) => setTimeout(resolve, 10));
});

test("the agent tells what it did in Events", { skip, timeout }, async () => {
  const reasons = () => cluster.list(events).map(({ reason, source }) => `${source?.component} ${reason}`);
  while (!reasons().includes("kubelet Killing")) await new Promise((resolve) => setTimeout(resolve, 10));
  for (const reason of ["Starting", "NodeReady", "Pulled", "Created", "Started", "Killing"])
    assert.ok(reasons().includes(`kubelet ${reason}`), `${reason} is missing: ${reasons().join(", ")}`);
});
