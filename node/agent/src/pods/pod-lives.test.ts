/** The lives of real pods on a real node: hooks, probes, deadlines, refusals, deaths and ends. */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { BUSYBOX, skipContainerd as skip } from "@knarr/cri/testing/containerd.ts";
import type { PodSpec } from "@knarr/kinds/generated/core-v1.ts";
import { NODE, TestNode } from "../testing/node.ts";
import { eventsOf, isReady, logOf, once, run, shell, statusOf } from "../testing/pods.ts";

let node: TestNode;
const timeout = 60_000;

before(async () => {
  if (!skip) node = await TestNode.start("10.231.4.0/24");
});
after(async () => {
  if (!skip) await node[Symbol.asyncDispose]();
});

describe("lives of pods", { skip, timeout, concurrency: 6 }, () => {
  test("hooks: postStart before ready, preStop before the signal, over HTTP too", async ({ signal }) => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(`${request.headers["user-agent"]} ${request.url}`);
      response.end();
    })
      .listen(0)
      .unref();
    const { port } = server.address() as AddressInfo;
    const spec: PodSpec = {
      nodeName: NODE,
      hostNetwork: true,
      terminationGracePeriodSeconds: 5,
      containers: [
        shell("trap 'echo TERM; exit 0' TERM; while :; do sleep 0.05; done", {
          lifecycle: {
            postStart: { exec: { command: ["sh", "-c", "echo started > /proc/1/fd/1"] } },
            preStop: { httpGet: { host: "127.0.0.1", port, path: "/bye" } },
          },
        }),
      ],
    };
    await node.api.createPod("hooks", spec);
    const pod = (await node.api.until("hooks", isReady, signal))!;
    assert.equal(pod.status?.podIP, "192.0.2.7");
    assert.equal(logOf(node, pod), "started");
    await node.api.deletePod("hooks", 5);
    await node.api.until("hooks", (one) => one === undefined, signal);
    assert.deepEqual(asked, ["kube-lifecycle/1.36 /bye"]);
    server.close();
  });

  test("a failed liveness probe restarts its container, a readiness probe makes it ready", async ({
    signal,
  }) => {
    const exec = (...command: string[]) => ({ exec: { command }, periodSeconds: 1, failureThreshold: 1 });
    const spec: PodSpec = {
      nodeName: NODE,
      terminationGracePeriodSeconds: 1,
      containers: [
        shell(
          "[ $(ls /shared | wc -l) = 0 ] && touch /shared/sick || touch /shared/well; trap 'exit 0' TERM; while :; do sleep 0.05; done",
          {
            livenessProbe: exec("sh", "-c", "[ -e /shared/well ]"),
            readinessProbe: exec("sh", "-c", "[ -e /shared/well ]"),
            volumeMounts: [{ name: "shared", mountPath: "/shared" }],
          },
        ),
      ],
      volumes: [{ name: "shared", emptyDir: {} }],
    };
    await node.api.createPod("probed", spec);
    const pod = await node.api.until("probed", isReady, signal);
    assert.equal(statusOf(pod)?.restartCount, 1);
    const said = await eventsOf(node, "probed");
    assert.ok(
      said.includes("Killing: Container main failed liveness probe, will be restarted"),
      said.join("\n"),
    );
    await node.api.deletePod("probed", 1);
  });

  test("activeDeadlineSeconds ends a pod", async ({ signal }) => {
    const pod = await run(
      node,
      "late",
      { ...once("exec sleep 1000"), activeDeadlineSeconds: 1, terminationGracePeriodSeconds: 0 },
      signal,
    );
    assert.deepEqual([pod.status?.phase, pod.status?.reason], ["Failed", "DeadlineExceeded"]);
  });

  test("a pod that does not fit the node is refused", async ({ signal }) => {
    const refused = async (name: string, spec: Partial<PodSpec>, resources = {}) => {
      const { status: is } = await run(node, name, { ...once("true", { resources }), ...spec }, signal);
      return [is?.phase, is?.reason, is?.message];
    };
    const [, reason, message] = await refused("too-big", {}, { requests: { cpu: "1000" } });
    assert.equal(reason, "OutOfcpu");
    assert.match(
      message!,
      /^Pod was rejected: Node didn't have enough resource: cpu, requested: 1000000, used: \d+, capacity: \d+$/,
    );
    assert.deepEqual(await refused("elsewhere", { nodeSelector: { disk: "golden" } }), [
      "Failed",
      "NodeAffinity",
      "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
    ]);
    assert.deepEqual(
      await refused("sysctl", { securityContext: { sysctls: [{ name: "kernel.msgmax", value: "1" }] } }),
      ["Failed", "SysctlForbidden", 'Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted'],
    );
  });

  test("a pod is refused for a host port that another one has, and taken once that is gone", async ({
    signal,
  }) => {
    const taking = (hostPort: number, command: string) =>
      once(command, { ports: [{ containerPort: 80, hostPort }] });
    await node.api.createPod("first", taking(18080, "exec sleep 1000"));
    await node.api.until("first", isReady, signal);
    const second = await run(node, "second", taking(18080, "true"), signal);
    assert.deepEqual(
      [second.status?.reason, second.status?.message],
      [
        "NodePorts",
        "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
      ],
    );
    assert.equal((await run(node, "third", taking(18081, "true"), signal)).status?.phase, "Succeeded");
    await node.api.deletePod("first", 1);
    await node.api.until("first", (one) => one === undefined, signal);
    assert.equal((await run(node, "fourth", taking(18080, "true"), signal)).status?.phase, "Succeeded");
  });

  test("a pod that follows a label put on the node is not refused for it", async ({ signal }) => {
    const body = { metadata: { labels: { fresh: "yes" } } };
    await node.api.request({ method: "PATCH", path: `/api/v1/nodes/${NODE}`, body });
    const pod = await run(node, "follows", { ...once("true"), nodeSelector: { fresh: "yes" } }, signal);
    assert.equal(pod.status?.phase, "Succeeded");
  });

  test("a volume whose ConfigMap comes late holds the pod up, and no longer", async ({ signal }) => {
    const spec = once("cat /late/key", { volumeMounts: [{ name: "late", mountPath: "/late" }] });
    spec.volumes = [{ name: "late", configMap: { name: "late" } }];
    await node.api.createPod("waits", spec);
    while (!(await eventsOf(node, "waits")).some((event) => event.includes('configmap "late" not found')))
      await new Promise((resolve) => setTimeout(resolve, 20));
    const body = { kind: "ConfigMap", metadata: { name: "late" }, data: { key: "came" } };
    await node.api.request({ method: "POST", path: "/api/v1/namespaces/default/configmaps", body });
    const pod = await node.api.until("waits", (one) => one?.status?.phase === "Succeeded", signal);
    assert.equal(logOf(node, pod!), "came");
  });

  test("an ephemeral container joins a running pod", async ({ signal }) => {
    await node.api.createPod("debugged", { nodeName: NODE, containers: [shell("exec sleep 1000")] });
    await node.api.until("debugged", isReady, signal);
    const ephemeralContainers = [
      {
        name: "debug",
        image: BUSYBOX,
        targetContainerName: "main",
        command: ["sh", "-c", "tr '\\0' ' ' < /proc/1/cmdline"],
      },
    ];
    await node.api.request({
      method: "PATCH",
      path: "/api/v1/namespaces/default/pods/debugged",
      body: { spec: { ephemeralContainers } },
    });
    const pod = await node.api.until(
      "debugged",
      (one) => Boolean(statusOf(one, "debug")?.state?.terminated),
      signal,
    );
    assert.equal(logOf(node, pod!, "debug"), "sleep 1000");
    await node.api.deletePod("debugged", 1);
  });

  test("a pod that takes its time to end is ended sooner when asked again", async ({ signal }) => {
    const spec = {
      nodeName: NODE,
      containers: [shell("trap 'echo again' TERM; while :; do sleep 0.05; done")],
    };
    await node.api.createPod("stubborn", spec);
    await node.api.until("stubborn", isReady, signal);
    await node.api.deletePod("stubborn", 3000);
    while (logOf(node, await node.api.pod("stubborn")) !== "again")
      await new Promise((resolve) => setTimeout(resolve, 20));
    await node.api.deletePod("stubborn", 1);
    await node.api.until("stubborn", (pod) => pod === undefined, signal);
  });

  test("readiness shows while a pod ends", async ({ signal }) => {
    const spec: PodSpec = {
      nodeName: NODE,
      containers: [
        shell(
          "trap 'rm /tmp/ok' TERM; touch /tmp/ok; while [ -e /tmp/ok ] || [ ! -e /tmp/seen ]; do sleep 0.05; done",
          {
            readinessProbe: {
              exec: { command: ["test", "-e", "/tmp/ok"] },
              periodSeconds: 1,
              failureThreshold: 1,
            },
          },
        ),
      ],
    };
    await node.api.createPod("fading", spec);
    const pod = await node.api.until("fading", isReady, signal);
    await node.api.deletePod("fading", 3000);
    await node.api.until(
      "fading",
      (one) => statusOf(one)?.state?.running !== undefined && !isReady(one),
      signal,
    );
    const id = statusOf(pod)!.containerID!.replace("containerd://", "");
    await node.agent.access.execSync(id, ["touch", "/tmp/seen"], 5000);
    await node.api.until("fading", (one) => one === undefined, signal);
  });

  test("a sandbox that dies is replaced, with its containers", async ({ signal }) => {
    await node.api.createPod("phoenix", {
      nodeName: NODE,
      terminationGracePeriodSeconds: 1,
      containers: [shell("exec sleep 1000")],
    });
    const first = await node.api.until("phoenix", isReady, signal);
    const [sandbox] = await node.rig.runtime.listPodSandboxes({
      labelSelector: { "io.kubernetes.pod.uid": first!.metadata!.uid! },
    });
    await node.rig.runtime.stopPodSandbox(sandbox!.id);
    const second = await node.api.until(
      "phoenix",
      (pod) => isReady(pod) && statusOf(pod)!.restartCount >= 1,
      signal,
    );
    assert.notEqual(second?.status?.podIP, undefined);
    assert.equal(second!.status!.podIPs!.length, 1);
    await node.api.deletePod("phoenix", 1);
  });
});
