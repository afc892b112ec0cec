/** The small rules of pods: back-off, quality of service, resources, resolv.conf, credentials, status patches. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Container, Pod, PodSpec, Secret } from "@knarr/kinds/generated/core-v1.ts";
import type { ContainerInstance } from "../runtime/pod-runtime.ts";
import { restartsAfter } from "./containers.ts";
import { crashLoop, goDuration } from "./crash-loop.ts";
import { dnsOf, parseResolvConf } from "./dns.ts";
import { hostnameOf, kernelHostname } from "./hosts-file.ts";
import { credentialsFor } from "./pull-secrets.ts";
import { oomScoreAdjust, qosClass } from "./qos.ts";
import { cpuQuota, cpuShares, linuxResources, podLimits } from "./resources.ts";
import { statusPatch } from "./status-writer.ts";

const container = (resources: Container["resources"] = {}, more: Partial<Container> = {}): Container => ({
  name: "c",
  resources,
  ...more,
});
const pod = (spec: Partial<PodSpec>): Pod => ({
  metadata: { name: "web", namespace: "shop", uid: "u" },
  spec: { containers: [], ...spec },
});
const gibibyte = 2 ** 30;

test("crashLoop waits longer each time, and anew after a good run", () => {
  const ended = (crashes: number, ranMs: number) =>
    crashLoop({ crashes, createdAt: 0, finishedAt: ranMs } as ContainerInstance);
  const delays = [0, 1, 2, 3, 6, 7].map((crashes) => ended(crashes, 1000).delayMs / 1000);
  assert.deepEqual(delays, [0, 10, 20, 40, 300, 300]);
  assert.deepEqual(ended(5, 600_000), { delayMs: 0, notBefore: 600_000, crashes: 1 });
  assert.deepEqual(ended(2, 1000), { delayMs: 20_000, notBefore: 21_000, crashes: 3 });
});

test("goDuration prints as Go does", () => {
  const printed = [500, 10_000, 80_000, 300_000, 3_600_000].map(goDuration);
  assert.deepEqual(printed, ["0.5s", "10s", "1m20s", "5m0s", "1h0m0s"]);
});

test("restartsAfter obeys policy and rules", () => {
  const after = (restartPolicy: string, exitCode: number, more: Partial<Container> = {}) =>
    restartsAfter(pod({ restartPolicy }), container({}, more), exitCode);
  assert.deepEqual(
    [after("Always", 0), after("OnFailure", 0), after("OnFailure", 1), after("Never", 1)],
    [true, false, true, false],
  );
  assert.equal(after("Never", 1, { restartPolicy: "Always" }), true);
});

const classes: [string, Container["resources"], ReturnType<typeof qosClass>][] = [
  ["nothing", {}, "BestEffort"],
  [
    "equal",
    { limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "1000m", memory: "1024Mi" } },
    "Guaranteed",
  ],
  ["limits alone", { limits: { cpu: "1", memory: "1Gi" } }, "Guaranteed"],
  ["no memory", { limits: { cpu: "1" } }, "Burstable"],
  ["less asked for", { limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "0.5" } }, "Burstable"],
  ["zero", { requests: { cpu: "0" } }, "BestEffort"],
];
for (const [name, resources, want] of classes)
  test(`qosClass: ${name} is ${want}`, () =>
    assert.equal(qosClass(pod({ containers: [container(resources)] })), want));

test("oomScoreAdjust spares the guaranteed and the critical, and sidecars their pods", () => {
  const half = container({ requests: { memory: "512Mi" } });
  const score = (spec: Partial<PodSpec>, of: Container) => oomScoreAdjust(pod(spec), of, gibibyte);
  assert.equal(score({ containers: [container()] }, container()), 1000);
  assert.equal(score({ containers: [half] }, half), 500);
  assert.equal(score({ containers: [half], priority: 2_000_001_000 }, half), -997);
  const sidecar = container({}, { restartPolicy: "Always" });
  assert.equal(score({ containers: [half], initContainers: [sidecar] }, sidecar), 500);
  const all = container({ requests: { memory: "2Gi" } });
  assert.equal(score({ containers: [all] }, all), 3);
});

test("cpuShares and cpuQuota keep to what the kernel takes", () => {
  assert.deepEqual([0, 1, 100, 1000, 1e6].map(cpuShares), [2, 2, 102, 1024, 262_144]);
  assert.deepEqual([0, 1, 500, 2000].map(cpuQuota), [0, 1000, 50_000, 200_000]);
});

test("linuxResources takes the limit for a request that is missing", () => {
  const { cpuShares: shares, memoryLimitInBytes } = linuxResources(
    pod({}),
    container({ limits: { cpu: "1", memory: "64Mi" } }),
    gibibyte,
  );
  assert.deepEqual([shares, memoryLimitInBytes], [1024, 64 << 20]);
});

test("podLimits counts what is needed at once, and only when all are limited", () => {
  const limits = (cpu: string) => container({ limits: { cpu, memory: "1Mi" } });
  const sidecar = { ...limits("100m"), restartPolicy: "Always" };
  const spec = { containers: [limits("200m"), limits("200m")], initContainers: [sidecar, limits("1")] };
  assert.deepEqual(podLimits(pod(spec)), {
    cpuShares: cpuShares(1100),
    cpuQuota: 110_000,
    memoryBytes: 3 << 20,
  });
  assert.equal(podLimits(pod({ containers: [limits("1"), container()] })).memoryBytes, undefined);
});

const host = parseResolvConf("# ours\nnameserver 9.9.9.9\nsearch lan.example. .\noptions timeout:1\n");
const cluster = { servers: ["10.96.0.10"], domain: "cluster.local" };
const clusterSearches = ["shop.svc.cluster.local", "svc.cluster.local", "cluster.local", "lan.example"];
const dnsCases: [string, Partial<PodSpec>, ReturnType<typeof dnsOf>][] = [
  ["ClusterFirst", {}, { servers: cluster.servers, searches: clusterSearches, options: ["ndots:5"] }],
  [
    "ClusterFirst in the node's network",
    { hostNetwork: true },
    { servers: ["9.9.9.9"], searches: ["lan.example", "."], options: ["timeout:1"] },
  ],
  [
    "ClusterFirstWithHostNet",
    { hostNetwork: true, dnsPolicy: "ClusterFirstWithHostNet" },
    { servers: cluster.servers, searches: clusterSearches, options: ["ndots:5"] },
  ],
  [
    "None with its own",
    {
      dnsPolicy: "None",
      dnsConfig: { nameservers: ["1.1.1.1"], searches: ["a.b"], options: [{ name: "ndots", value: "1" }] },
    },
    { servers: ["1.1.1.1"], searches: ["a.b"], options: ["ndots:1"] },
  ],
  [
    "options merged",
    { dnsConfig: { options: [{ name: "ndots", value: "2" }, { name: "edns0" }] } },
    { servers: cluster.servers, searches: clusterSearches, options: ["ndots:2", "edns0"] },
  ],
];
for (const [name, spec, want] of dnsCases)
  test(`dnsOf: ${name}`, () => assert.deepEqual(dnsOf(pod(spec), host, cluster), want));

test("hostnameOf cuts long names, and a full name that does not fit is refused", () => {
  const long = pod({});
  long.metadata!.name = `${"a".repeat(62)}-bc`;
  assert.equal(hostnameOf(long, "cluster.local").hostname, "a".repeat(62));
  const full = pod({ hostname: "h", subdomain: "s".repeat(60), setHostnameAsFQDN: true });
  assert.throws(
    () => kernelHostname(full, hostnameOf(full, "cluster.local")),
    /is too long \(64 characters is the max, 85 characters requested\)/,
  );
});

test("credentialsFor finds the entry for an image's registry", () => {
  const secret = (auths: object): Secret => ({
    metadata: { name: "pull" },
    type: "kubernetes.io/dockerconfigjson",
    data: { ".dockerconfigjson": Buffer.from(JSON.stringify({ auths })).toString("base64") },
  });
  const auth = Buffer.from("me:pass:word").toString("base64");
  const secrets = [
    secret({
      "https://index.docker.io/v1/": { auth },
      "registry.example:5000": { username: "you", password: "x" },
    }),
  ];
  const users = (image: string) =>
    credentialsFor(image, secrets).map(({ username, password }) => `${username} ${password}`);
  assert.deepEqual(users("busybox"), ["me pass:word"]);
  assert.deepEqual(users("registry.example:5000/team/app:1"), ["you x"]);
  assert.deepEqual(users("quay.io/app"), []);
});

test("statusPatch carries only what changed, and takes away what is gone", () => {
  const ready = {
    type: "Ready",
    status: "False",
    reason: "Why",
    message: "not yet",
    lastTransitionTime: "t",
  };
  const from = {
    phase: "Pending",
    reason: "Old",
    conditions: [ready, { type: "Theirs", status: "True" }],
    podIPs: [{ ip: "1" }],
  };
  assert.equal(statusPatch(from, from), undefined);
  const now = { type: "Ready", status: "True", lastTransitionTime: "u" };
  const to = {
    phase: "Running",
    conditions: [{ type: "Theirs", status: "True" }, now],
    podIPs: [{ ip: "2" }],
  };
  assert.deepEqual(statusPatch(from, to), {
    phase: "Running",
    reason: null,
    conditions: [{ ...now, reason: null, message: null }],
    podIPs: [{ $patch: "replace" }, { ip: "2" }],
  });
});
