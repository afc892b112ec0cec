/** Real pods of many kinds on a real node: what their containers see, and how they fail. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { skipContainerd as skip } from "@knarr/cri/testing/containerd.ts";
import type { Container, PodSpec } from "@knarr/kinds/generated/core-v1.ts";
import { NODE, TestNode } from "../testing/node.ts";
import { eventsOf, isReady, logOf, once, run, shell, statusOf } from "../testing/pods.ts";

let node: TestNode;
const timeout = 60_000;

before(async () => {
  if (!skip) node = await TestNode.start("10.231.1.0/24");
});
after(async () => {
  if (!skip) await node[Symbol.asyncDispose]();
});

describe("pods", { skip, timeout, concurrency: 6 }, () => {
  test("a pod that ends well has Succeeded, with its message", async ({ signal }) => {
    const pod = await run(node, "ends-well", once("printf done > /dev/termination-log"), signal);
    assert.equal(pod.status?.phase, "Succeeded");
    const { terminated } = statusOf(pod)!.state!;
    assert.deepEqual(
      [terminated?.exitCode, terminated?.reason, terminated?.message],
      [0, "Completed", "done"],
    );
    const ready = pod.status.conditions!.find(({ type }) => type === "Ready");
    assert.deepEqual([ready?.status, ready?.reason], ["False", "PodCompleted"]);
  });

  test("a pod that fails says so with the end of its log", async ({ signal }) => {
    const pod = await run(node, "ends-badly", once("echo it broke; exit 3"), signal);
    assert.equal(pod.status?.phase, "Failed");
    const { terminated } = statusOf(pod)!.state!;
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
    const pod = await run(node, "env", spec, signal);
    assert.equal(
      logOf(node, pod),
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
    const text = logOf(node, await run(node, "names", spec, signal));
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
    const text = logOf(node, await run(node, "security", spec, signal));
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
    const pod = await node.api.until(
      "root",
      (one) => Boolean(statusOf(one)?.state?.waiting?.message),
      signal,
    );
    assert.equal(statusOf(pod)?.state?.waiting?.reason, "CreateContainerConfigError");
    assert.match(
      statusOf(pod)!.state!.waiting!.message!,
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
    const container = `${cgroup}/${statusOf(pod)!.containerID!.replace("containerd://", "")}`;
    for (const path of [cgroup, container]) {
      assert.equal(read("memory", `${path}/memory.limit_in_bytes`), String(32 << 20));
      assert.equal(read("cpu", `${path}/cpu.shares`), "102");
      assert.equal(read("cpu", `${path}/cpu.cfs_quota_us`), "50000");
    }
    await node.api.deletePod("limited", 1);
  });

  test("a container that takes too much memory is OOMKilled", async ({ signal }) => {
    // not at once: on cgroup v1 the shim asks to be told only when the process runs, and one that is greedy sooner dies untold
    const spec = once("", {
      resources: { limits: { memory: "16Mi" } },
      command: ["sh", "-c", "sleep 0.5; exec tail /dev/zero"],
    });
    const pod = await run(node, "greedy", spec, signal);
    assert.deepEqual(
      [statusOf(pod)?.state?.terminated?.reason, statusOf(pod)?.state?.terminated?.exitCode],
      ["OOMKilled", 137],
    );
  });

  test("init containers run one after another, then sidecars along, and all end", async ({ signal }) => {
    const mount = { volumeMounts: [{ name: "shared", mountPath: "/shared" }] };
    const step = (name: string, script: string, more: Partial<Container> = {}) =>
      shell(script, { name, ...mount, ...more });
    const pod = await run(
      node,
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
    assert.equal(logOf(node, pod), "first\nsecond\nmain");
    assert.deepEqual(
      pod.status.initContainerStatuses!.map(({ name, ready }) => [name, ready]),
      [
        ["first", true],
        ["side", false],
        ["second", true],
      ],
    );
    assert.ok(statusOf(pod, "side")?.state?.terminated);
  });

  test("a failing init container keeps the others from starting: Failed when it is not retried", async ({
    signal,
  }) => {
    const pod = await run(
      node,
      "init-fails",
      { ...once("true"), initContainers: [shell("exit 1", { name: "init" })] },
      signal,
    );
    assert.equal(pod.status?.phase, "Failed");
    assert.equal(statusOf(pod)?.state?.waiting?.reason, "PodInitializing");
  });

  test("a container that keeps ending goes into CrashLoopBackOff", async ({ signal }) => {
    await node.api.createPod("crash", { nodeName: NODE, containers: [shell("exit 1")] });
    const pod = await node.api.until(
      "crash",
      (one) => statusOf(one)?.state?.waiting?.reason === "CrashLoopBackOff",
      signal,
    );
    assert.equal(statusOf(pod)?.restartCount, 1);
    assert.match(
      statusOf(pod)!.state!.waiting!.message!,
      /^back-off 10s restarting failed container=main pod=crash_default\(/,
    );
    assert.equal(statusOf(pod)?.lastState?.terminated?.exitCode, 1);
    assert.equal(pod?.status?.phase, "Running");
    await node.api.deletePod("crash", 1);
  });

  test("an image that is nowhere: ErrImageNeverPull, ErrImagePull, InvalidImageName", async ({ signal }) => {
    const waiting = async (name: string, image: string, imagePullPolicy: string, reason: string) => {
      await node.api.createPod(name, {
        nodeName: NODE,
        containers: [shell("true", { image, imagePullPolicy })],
      });
      await node.api.until(name, (pod) => statusOf(pod)?.state?.waiting?.reason === reason, signal);
      await node.api.deletePod(name, 1);
    };
    await waiting("never", "test.knarr.dev/absent:1", "Never", "ErrImageNeverPull");
    await waiting("pull", "localhost:1/absent:1", "IfNotPresent", "ErrImagePull");
    await waiting("invalid", "Not/Valid:1", "IfNotPresent", "InvalidImageName");
    assert.ok(
      (await eventsOf(node, "pull")).some((event) =>
        event.startsWith('Failed: Failed to pull image "localhost:1/absent:1"'),
      ),
    );
  });
});
