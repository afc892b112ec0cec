/** What is done next for a pod, case by case: the world on one side, the steps on the other. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Container, Pod, PodSpec } from "@knarr/kinds/generated/core-v1.ts";
import type { ContainerInstance, PodRuntime, Sandbox } from "../runtime/pod-runtime.ts";
import { containerHash } from "./containers.ts";
import { healthy, type Health } from "./health.ts";
import { planPod } from "./plan.ts";

const container = (name: string, more: Partial<Container> = {}): Container => ({
  name,
  image: "image:1",
  ...more,
});
const pod = (spec: Partial<PodSpec>): Pod => ({
  metadata: { name: "web", namespace: "default", uid: "u" },
  spec: { restartPolicy: "Always", containers: [container("a"), container("b")], ...spec },
});
const sandbox = (more: Partial<Sandbox> = {}): Sandbox => ({
  id: "s0",
  ready: true,
  attempt: 0,
  createdAt: 0,
  hostNetwork: false,
  ips: ["10.0.0.1"],
  ...more,
});
let age = 0;
const instance = (name: string, more: Partial<ContainerInstance> = {}): ContainerInstance => ({
  id: `${name}-${++age}`,
  name,
  sandboxId: "s0",
  state: "running",
  createdAt: age,
  startedAt: age,
  finishedAt: 0,
  exitCode: 0,
  reason: "",
  message: "",
  image: "image:1",
  imageRef: "",
  restartCount: 0,
  hash: containerHash(container(name)),
  crashes: 0,
  logPath: "",
  gracePeriodSeconds: 30,
  preStop: "",
  ...more,
});
const exited = (name: string, exitCode: number, more: Partial<ContainerInstance> = {}) =>
  instance(name, { state: "exited", exitCode, ...more });
const runtime = (sandboxes: Sandbox[], containers: ContainerInstance[] = []): PodRuntime => ({
  uid: "u",
  name: "web",
  namespace: "default",
  sandboxes,
  containers,
});
const sidecar = container("side", { restartPolicy: "Always" });

interface Case {
  readonly name: string;
  readonly spec?: Partial<PodSpec>;
  readonly has: PodRuntime;
  readonly health?: Partial<Health>;
  readonly want: { kill?: string[]; start?: string[]; killPod?: boolean; sandbox?: number };
}

const cases: readonly Case[] = [
  { name: "nothing there: a sandbox first", has: runtime([]), want: { sandbox: 0 } },
  { name: "a sandbox: all containers", has: runtime([sandbox()]), want: { start: ["a", "b"] } },
  { name: "all running: nothing", has: runtime([sandbox()], [instance("a"), instance("b")]), want: {} },
  {
    name: "a dead sandbox: a new one with the next number, and the old containers killed",
    has: runtime([sandbox({ ready: false, attempt: 4 })], [instance("a")]),
    want: { killPod: true, sandbox: 5 },
  },
  {
    name: "a sandbox without an address is not usable",
    has: runtime([sandbox({ ips: [] })]),
    want: { killPod: true, sandbox: 1 },
  },
  {
    name: "a dead sandbox of a pod that runs once and has run: no other",
    spec: { restartPolicy: "Never" },
    has: runtime([sandbox({ ready: false })], [exited("a", 0)]),
    want: { killPod: true },
  },
  {
    name: "an ended container is started again, the other left alone",
    has: runtime([sandbox()], [exited("a", 0), instance("b")]),
    want: { start: ["a"] },
  },
  {
    name: "OnFailure leaves what ended well",
    spec: { restartPolicy: "OnFailure" },
    has: runtime([sandbox()], [exited("a", 0), exited("b", 1)]),
    want: { start: ["b"] },
  },
  {
    name: "Never starts nothing again, and a pod of only ended containers goes",
    spec: { restartPolicy: "Never" },
    has: runtime([sandbox()], [exited("a", 1), exited("b", 0)]),
    want: { killPod: true },
  },
  {
    name: "a container's own rule goes before the policy",
    spec: {
      restartPolicy: "Never",
      containers: [
        container("a", {
          restartPolicy: "Never",
          restartPolicyRules: [{ action: "Restart", exitCodes: { operator: "In", values: [42] } }],
        }),
      ],
    },
    has: runtime([sandbox()], [exited("a", 42)]),
    want: { start: ["a"] },
  },
  {
    name: "a changed image replaces the container",
    has: runtime([sandbox()], [instance("a", { hash: "other" }), instance("b")]),
    want: { kill: ["Container a definition changed, will be restarted"], start: ["a"] },
  },
  {
    name: "a failed liveness probe kills and restarts",
    has: runtime([sandbox()], [instance("a", { id: "sick" }), instance("b")]),
    health: { failed: (id) => (id === "sick" ? "liveness" : undefined) },
    want: { kill: ["Container a failed liveness probe, will be restarted"], start: ["a"] },
  },
  {
    name: "a failed liveness probe under Never only kills",
    spec: { restartPolicy: "Never" },
    has: runtime([sandbox()], [instance("a", { id: "sick" }), instance("b")]),
    health: { failed: (id) => (id === "sick" ? "liveness" : undefined) },
    want: { kill: ["Container a failed liveness probe"] },
  },
  {
    name: "init containers one at a time",
    spec: { initContainers: [container("i"), container("j")] },
    has: runtime([sandbox()]),
    want: { start: ["i"] },
  },
  {
    name: "a running init container holds up the rest",
    spec: { initContainers: [container("i"), container("j")] },
    has: runtime([sandbox()], [instance("i")]),
    want: {},
  },
  {
    name: "an init container that is done lets the next start",
    spec: { initContainers: [container("i"), container("j")] },
    has: runtime([sandbox()], [exited("i", 0)]),
    want: { start: ["j"] },
  },
  {
    name: "a failed init container ends a pod that is not restarted",
    spec: { restartPolicy: "Never", initContainers: [container("i")] },
    has: runtime([sandbox()], [exited("i", 1)]),
    want: { killPod: true },
  },
  {
    name: "init containers of an earlier sandbox do not count",
    spec: { initContainers: [container("i")] },
    has: runtime([sandbox({ id: "s1", attempt: 1 })], [exited("a", 0), exited("i", 0)]),
    want: { start: ["i"] },
  },
  {
    name: "an init container that was cleaned away is not run again",
    spec: { initContainers: [container("i")] },
    has: runtime([sandbox()], [instance("a"), exited("b", 1)]),
    want: { start: ["b"] },
  },
  {
    name: "a sidecar counts as done when it runs",
    spec: { initContainers: [sidecar] },
    has: runtime([sandbox()], [instance("side")]),
    want: { start: ["a", "b"] },
  },
  {
    name: "a sidecar with a startup probe counts as done when that says so",
    spec: { initContainers: [{ ...sidecar, startupProbe: {} }] },
    has: runtime([sandbox()], [instance("side")]),
    want: {},
  },
  {
    name: "a sidecar that ended is started again beside running containers",
    spec: { restartPolicy: "Never", initContainers: [sidecar] },
    has: runtime([sandbox()], [instance("a"), instance("b"), exited("side", 0)]),
    want: { start: ["side"] },
  },
  {
    name: "a sidecar does not keep a pod alive",
    spec: { restartPolicy: "Never", initContainers: [sidecar] },
    has: runtime([sandbox()], [exited("a", 0), exited("b", 0), instance("side")]),
    want: { killPod: true },
  },
  {
    name: "an ephemeral container starts once, also while the pod initializes",
    spec: { initContainers: [container("i")], ephemeralContainers: [{ name: "debug" }, { name: "gone" }] },
    has: runtime([sandbox()], [instance("i"), exited("gone", 1)]),
    want: { start: ["debug"] },
  },
];

for (const { name, spec = {}, has, health = {}, want } of cases) {
  test(`planPod: ${name}`, () => {
    const plan = planPod(pod(spec), has, { ...healthy, ...health });
    assert.deepEqual(
      {
        kill: plan.kill.map(({ message }) => message),
        start: plan.start.map((one) => one.container.name),
        killPod: plan.killPod,
        sandbox: plan.createSandbox?.attempt,
      },
      { kill: [], start: [], killPod: false, sandbox: undefined, ...want },
    );
  });
}
