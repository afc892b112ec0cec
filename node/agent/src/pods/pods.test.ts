/** Real pods of many kinds on a real node: what their containers see, how they fail, how they end. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { BUSYBOX, skipContainerd as skip } from "@knarr/cri/testing/containerd.ts";
import type { Container, Event, Pod, PodSpec } from "@knarr/kinds/generated/core-v1.ts";
import { event as events } from "@knarr/kinds/core/event.ts";
import { NODE, TestNode } from "../testing/node.ts";

let node: TestNode;
const timeout = 60_000;

before(async () => {
  if (!skip) node = await TestNode.start("10.231.1.0/24");
});
after(async () => {
  if (!skip) await node[Symbol.asyncDispose]();
});

const shell = (script: string, more: Partial<Container> = {}): Container => ({
  name: "main",
  image: BUSYBOX,
  command: ["sh", "-c", script],
  ...more,
});
const once = (script: string, more: Partial<Container> = {}): PodSpec => ({
  nodeName: NODE,
  restartPolicy: "Never",
  containers: [shell(script, { terminationMessagePolicy: "FallbackToLogsOnError", ...more })],
});

async function run(name: string, spec: PodSpec, signal: AbortSignal): Promise<Pod> {
  await node.api.createPod(name, spec);
  return (await node.api.until(name, (pod) => /Succeeded|Failed/.test(pod?.status?.phase ?? ""), signal))!;
}
const isReady = (pod?: Pod) =>
  pod?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
const status = (pod: Pod | undefined, name = "main") =>
  [
    ...(pod?.status?.containerStatuses ?? []),
    ...(pod?.status?.initContainerStatuses ?? []),
    ...(pod?.status?.ephemeralContainerStatuses ?? []),
  ].find((one) => one.name === name);
const log = (pod: Pod, name = "main", number = 0) =>
  readFileSync(
    `${node.config.podLogsDir}/default_${pod.metadata!.name}_${pod.metadata!.uid}/${name}/${number}.log`,
    "utf8",
  )
    .split("\n")
    .map((line) => line.split(" ").slice(3).join(" "))
    .join("\n")
    .trim();
async function eventsOf(pod: string): Promise<string[]> {
  const { items } = await node.api.list(events, { namespace: "default" });
  return (items as unknown as Event[])
    .filter(({ involvedObject }) => involvedObject.name === pod)
    .map(({ reason, message }) => `${reason}: ${message}`);
}

describe("pods", { skip, timeout, concurrency: 6 }, () => {
  test("a pod that ends well has Succeeded, with its message", async ({ signal }) => {
    const pod = await run("ends-well", once("printf done > /dev/termination-log"), signal);
    assert.equal(pod.status?.phase, "Succeeded");
    const { terminated } = status(pod)!.state!;
    assert.deepEqual(
      [terminated?.exitCode, terminated?.reason, terminated?.message],
      [0, "Completed", "done"],
    );
    const ready = pod.status.conditions!.find(({ type }) => type === "Ready");
    assert.deepEqual([ready?.status, ready?.reason], ["False", "PodCompleted"]);
  });

  test("a pod that fails says so with the end of its log", async ({ signal }) => {
    const pod = await run("ends-badly", once("echo it broke; exit 3"), signal);
    assert.equal(pod.status?.phase, "Failed");
    const { terminated } = status(pod)!.state!;
    assert.deepEqual(
      [terminated?.exitCode, terminated?.reason, terminated?.message],
      [3, "Error", "it broke\n"],
    );
  });

  test("environment: values, references, Services, ConfigMaps, Secrets, the pod itself", async ({
    signal,
  }) => {
    const post = (plural: string, body: object) =>
      node.api.request({ method: "POST", path: `/api/v1/namespaces/default/${plural}`, body });
    await post("configmaps", {
      kind: "ConfigMap",
      metadata: { name: "env" },
      data: { A: "from map", B: "two" },
    });
    await post("secrets", {
      kind: "Secret",
      metadata: { name: "env" },
      data: { S: Buffer.from("hidden").toString("base64") },
    });
    await post("services", {
      kind: "Service",
      metadata: { name: "my-db" },
      spec: { clusterIP: "10.96.0.5", ports: [{ name: "sql", port: 5432, protocol: "TCP" }] },
    });
    const spec = once(
      'echo "$GREETING|$A|$P_B|$SECRET|$NAME|$IP|$CPU|$MY_DB_SERVICE_HOST|$MY_DB_PORT_5432_TCP|$0"',
      {
        args: ["$(GREETING)"],
        envFrom: [{ configMapRef: { name: "env" } }, { prefix: "P_", configMapRef: { name: "env" } }],
        env: [
          { name: "WHO", value: "world" },
          { name: "GREETING", value: "hello $(WHO) $$(WHO)" },
          { name: "SECRET", valueFrom: { secretKeyRef: { name: "env", key: "S" } } },
          { name: "NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
          { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
          { name: "CPU", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } },
        ],
        resources: { requests: { cpu: "1m" }, limits: { cpu: "1500m" } },
      },
    );
    const pod = await run("env", spec, signal);
    assert.equal(
      log(pod),
      `hello world $(WHO)|from map|two|hidden|env|${pod.status?.podIP}|2|10.96.0.5|tcp://10.96.0.5:5432|hello world $(WHO)`,
    );
  });

  test("hosts, hostname and resolv.conf are the pod's own", async ({ signal }) => {
    const spec: PodSpec = {
      ...once("hostname; cat /etc/resolv.conf; tail -4 /etc/hosts"),
      hostname: "ship",
      subdomain: "fleet",
      hostAliases: [{ ip: "1.2.3.4", hostnames: ["one", "two"] }],
      dnsConfig: { searches: ["example.org"], options: [{ name: "ndots", value: "2" }, { name: "edns0" }] },
    };
    const text = log(await run("names", spec, signal));
    assert.match(text, /^ship\n/);
    assert.match(
      text,
      /search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local .*example\.org/,
    );
    assert.match(text, /nameserver 10\.96\.0\.10\noptions ndots:2 edns0/);
    assert.match(
      text,
      /\d\tship\.fleet\.default\.svc\.cluster\.local\tship\n\n# Entries added by HostAliases\.\n1\.2\.3\.4\tone\ttwo/,
    );
  });

  test("security: user, groups, capabilities, read-only root, no new privileges, seccomp", async ({
    signal,
  }) => {
    const spec = once(
      "id; grep -E 'CapEff|NoNewPrivs|^Seccomp:' /proc/self/status; touch /x; touch /tmp/ok; ls -ld /tmp/ok",
      {
        securityContext: {
          runAsUser: 1000,
          runAsGroup: 3000,
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ["ALL"] },
        },
        volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
      },
    );
    spec.volumes = [{ name: "tmp", emptyDir: {} }];
    spec.securityContext = { fsGroup: 2000, supplementalGroups: [4000] };
    const text = log(await run("security", spec, signal));
    assert.match(
      text,
      /uid=1000 gid=3000 groups=2000,3000,4000|uid=1000 gid=3000 groups=3000,2000,4000|uid=1000 gid=3000 groups=2000,4000/,
    );
    assert.match(text, /CapEff:\s0000000000000000/);
    assert.match(text, /NoNewPrivs:\s1/);
    assert.match(text, /Seccomp:\s2/);
    assert.match(text, /touch: \/x: Read-only file system/);
    assert.match(text, /1000 +2000 .*\/tmp\/ok/);
  });

  test("runAsNonRoot refuses an image that runs as root", async ({ signal }) => {
    await node.api.createPod("root", once("true", { securityContext: { runAsNonRoot: true } }));
    const pod = await node.api.until("root", (one) => Boolean(status(one)?.state?.waiting?.message), signal);
    assert.equal(status(pod)?.state?.waiting?.reason, "CreateContainerConfigError");
    assert.match(
      status(pod)!.state!.waiting!.message!,
      /^container has runAsNonRoot and image will run as root \(pod: "root_default/,
    );
    await node.api.deletePod("root");
    await node.api.until("root", (one) => one === undefined, signal);
  });

  test("limits and shares are in the cgroups of pod and container", async ({ signal }) => {
    const spec: PodSpec = {
      nodeName: NODE,
      containers: [
        shell("sleep 1000", {
          resources: { requests: { cpu: "100m", memory: "16Mi" }, limits: { cpu: "500m", memory: "32Mi" } },
        }),
      ],
    };
    await node.api.createPod("limited", spec);
    const pod = (await node.api.until("limited", isReady, signal))!;
    assert.equal(pod.status?.qosClass, "Burstable");
    const read = (controller: string, path: string) =>
      readFileSync(`/sys/fs/cgroup/${controller}${path}`, "utf8").trim();
    const cgroup = `${node.config.cgroupRoot}/kubepods/burstable/pod${pod.metadata!.uid}`;
    const container = `${cgroup}/${status(pod)!.containerID!.replace("containerd://", "")}`;
    for (const path of [cgroup, container]) {
      assert.equal(read("memory", `${path}/memory.limit_in_bytes`), String(32 << 20));
      assert.equal(read("cpu", `${path}/cpu.shares`), "102");
      assert.equal(read("cpu", `${path}/cpu.cfs_quota_us`), "50000");
    }
    await node.api.deletePod("limited", 1);
  });

  test("a container that takes too much memory is OOMKilled", async ({ signal }) => {
    const spec = once("head -c 100m /dev/zero | tail", {
      resources: { limits: { memory: "16Mi" } },
      command: ["sh", "-c", "exec tail /dev/zero"],
    });
    const pod = await run("greedy", spec, signal);
    assert.deepEqual(
      [status(pod)?.state?.terminated?.reason, status(pod)?.state?.terminated?.exitCode],
      ["OOMKilled", 137],
    );
  });

  test("init containers run one after another, then sidecars along, and all end", async ({ signal }) => {
    const mount = { volumeMounts: [{ name: "shared", mountPath: "/shared" }] };
    const step = (name: string, script: string, more: Partial<Container> = {}) =>
      shell(script, { name, ...mount, ...more });
    const pod = await run(
      "steps",
      {
        ...once("cat /shared/log; until [ -e /shared/sidecar ]; do sleep 0.02; done; echo main", mount),
        initContainers: [
          step("first", "echo first >> /shared/log"),
          step("side", "touch /shared/sidecar; trap 'exit 0' TERM; while :; do sleep 0.05; done", {
            restartPolicy: "Always",
          }),
          step("second", "echo second >> /shared/log"),
        ],
        volumes: [{ name: "shared", emptyDir: {} }],
      },
      signal,
    );
    assert.equal(pod.status?.phase, "Succeeded");
    assert.equal(log(pod), "first\nsecond\nmain");
    assert.deepEqual(
      pod.status.initContainerStatuses!.map(({ name, ready }) => [name, ready]),
      [
        ["first", true],
        ["side", false],
        ["second", true],
      ],
    );
    assert.ok(status(pod, "side")?.state?.terminated);
  });

  test("a failing init container keeps the others from starting: Failed when it is not retried", async ({
    signal,
  }) => {
    const pod = await run(
      "init-fails",
      { ...once("true"), initContainers: [shell("exit 1", { name: "init" })] },
      signal,
    );
    assert.equal(pod.status?.phase, "Failed");
    assert.equal(status(pod)?.state?.waiting?.reason, "PodInitializing");
  });

  test("a container that keeps ending goes into CrashLoopBackOff", async ({ signal }) => {
    await node.api.createPod("crash", { nodeName: NODE, containers: [shell("exit 1")] });
    const pod = await node.api.until(
      "crash",
      (one) => status(one)?.state?.waiting?.reason === "CrashLoopBackOff",
      signal,
    );
    assert.equal(status(pod)?.restartCount, 1);
    assert.match(
      status(pod)!.state!.waiting!.message!,
      /^back-off 10s restarting failed container=main pod=crash_default\(/,
    );
    assert.equal(status(pod)?.lastState?.terminated?.exitCode, 1);
    assert.equal(pod?.status?.phase, "Running");
    await node.api.deletePod("crash", 1);
  });

  test("an image that is nowhere: ErrImageNeverPull, ErrImagePull, InvalidImageName", async ({ signal }) => {
    const waiting = async (name: string, image: string, imagePullPolicy: string, reason: string) => {
      await node.api.createPod(name, {
        nodeName: NODE,
        containers: [shell("true", { image, imagePullPolicy })],
      });
      await node.api.until(name, (pod) => status(pod)?.state?.waiting?.reason === reason, signal);
      await node.api.deletePod(name, 1);
    };
    await waiting("never", "test.knarr.dev/absent:1", "Never", "ErrImageNeverPull");
    await waiting("pull", "localhost:1/absent:1", "IfNotPresent", "ErrImagePull");
    await waiting("invalid", "Not/Valid:1", "IfNotPresent", "InvalidImageName");
    assert.ok(
      (await eventsOf("pull")).some((event) =>
        event.startsWith('Failed: Failed to pull image "localhost:1/absent:1"'),
      ),
    );
  });

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
    assert.equal(log(pod), "started");
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
    assert.equal(status(pod)?.restartCount, 1);
    const said = await eventsOf("probed");
    assert.ok(
      said.includes("Killing: Container main failed liveness probe, will be restarted"),
      said.join("\n"),
    );
    await node.api.deletePod("probed", 1);
  });

  test("activeDeadlineSeconds ends a pod", async ({ signal }) => {
    const pod = await run(
      "late",
      { ...once("exec sleep 1000"), activeDeadlineSeconds: 1, terminationGracePeriodSeconds: 0 },
      signal,
    );
    assert.deepEqual([pod.status?.phase, pod.status?.reason], ["Failed", "DeadlineExceeded"]);
  });

  test("a pod that does not fit the node is refused", async ({ signal }) => {
    const refused = async (name: string, spec: Partial<PodSpec>, resources = {}) => {
      const { status: is } = await run(name, { ...once("true", { resources }), ...spec }, signal);
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
      "Pod was rejected: Predicate NodeAffinity failed",
    ]);
    assert.deepEqual(
      await refused("sysctl", { securityContext: { sysctls: [{ name: "kernel.msgmax", value: "1" }] } }),
      ["Failed", "SysctlForbidden", 'Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted'],
    );
  });

  test("a pod that follows a label put on the node is not refused for it", async ({ signal }) => {
    const body = { metadata: { labels: { fresh: "yes" } } };
    await node.api.request({ method: "PATCH", path: `/api/v1/nodes/${NODE}`, body });
    const pod = await run("follows", { ...once("true"), nodeSelector: { fresh: "yes" } }, signal);
    assert.equal(pod.status?.phase, "Succeeded");
  });

  test("a volume whose ConfigMap comes late holds the pod up, and no longer", async ({ signal }) => {
    const spec = once("cat /late/key", { volumeMounts: [{ name: "late", mountPath: "/late" }] });
    spec.volumes = [{ name: "late", configMap: { name: "late" } }];
    await node.api.createPod("waits", spec);
    while (!(await eventsOf("waits")).some((event) => event.includes('configmap "late" not found')))
      await new Promise((resolve) => setTimeout(resolve, 20));
    const body = { kind: "ConfigMap", metadata: { name: "late" }, data: { key: "came" } };
    await node.api.request({ method: "POST", path: "/api/v1/namespaces/default/configmaps", body });
    const pod = await node.api.until("waits", (one) => one?.status?.phase === "Succeeded", signal);
    assert.equal(log(pod!), "came");
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
      (one) => Boolean(status(one, "debug")?.state?.terminated),
      signal,
    );
    assert.equal(log(pod!, "debug"), "sleep 1000");
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
    while (log(await node.api.pod("stubborn")) !== "again")
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
      (one) => status(one)?.state?.running !== undefined && !isReady(one),
      signal,
    );
    const id = status(pod)!.containerID!.replace("containerd://", "");
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
      (pod) => isReady(pod) && status(pod)!.restartCount >= 1,
      signal,
    );
    assert.notEqual(second?.status?.podIP, undefined);
    assert.equal(second!.status!.podIPs!.length, 1);
    await node.api.deletePod("phoenix", 1);
  });
});
