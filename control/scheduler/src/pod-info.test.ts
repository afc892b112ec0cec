/** What pods ask for. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Container, Pod } from "@knarr/kinds/generated/core-v1.ts";
import { podInfoOf } from "./pod-info.ts";

function container(cpu?: string, memory?: string, more: Partial<Container> = {}): Container {
  const requests = { ...(cpu && { cpu }), ...(memory && { memory }) };
  return { name: "c", resources: { requests }, ...more };
}

function pod(spec: Partial<NonNullable<Pod["spec"]>>): Pod {
  return { metadata: { name: "p", uid: "p" }, spec: { containers: [], ...spec } };
}

const sidecar = { restartPolicy: "Always" };
const MB = 1024 * 1024;

for (const { name, spec, cpu, memory } of [
  {
    name: "the sum of its containers",
    spec: { containers: [container("100m", "1Mi"), container("0.5", "2Mi")] },
    cpu: 600,
    memory: 3 * MB,
  },
  {
    name: "its hungriest init container when that is more",
    spec: { containers: [container("100m")], initContainers: [container("2", "1Mi"), container("1", "5Mi")] },
    cpu: 2000,
    memory: 5 * MB,
  },
  {
    name: "sidecars beside containers",
    spec: { containers: [container("100m")], initContainers: [container("50m", undefined, sidecar)] },
    cpu: 150,
    memory: 0,
  },
  {
    name: "an init container beside the sidecars before it",
    spec: {
      containers: [container("100m")],
      initContainers: [container("50m", undefined, sidecar), container("300m")],
    },
    cpu: 350,
    memory: 0,
  },
  {
    name: "its overhead on top",
    spec: { containers: [container("100m")], overhead: { cpu: "10m", memory: "1Mi" } },
    cpu: 110,
    memory: MB,
  },
  {
    name: "what it asks for as a whole, before what its containers do",
    spec: { containers: [container("100m", "1Mi")], resources: { requests: { cpu: "3" } } },
    cpu: 3000,
    memory: MB,
  },
  { name: "rounded up", spec: { containers: [container("100u", "100m")] }, cpu: 1, memory: 1 },
] satisfies { name: string; spec: Partial<NonNullable<Pod["spec"]>>; cpu: number; memory: number }[]) {
  test(`podInfoOf requests ${name}`, () => {
    const { requests } = podInfoOf(pod(spec));
    assert.deepEqual([requests.milliCpu, requests.memory], [cpu, memory]);
  });
}

test("podInfoOf assumes something for containers that ask for nothing", () => {
  const { assumed, isBestEffort } = podInfoOf(pod({ containers: [container(), container("200m")] }));
  assert.deepEqual([assumed.milliCpu, assumed.memory], [300, 400 * MB]);
  assert.equal(isBestEffort, false);
  assert.equal(podInfoOf(pod({ containers: [container()] })).isBestEffort, true);
});

test("podInfoOf counts extended resources and host ports", () => {
  const ports = [{ containerPort: 80, hostPort: 8080 }, { containerPort: 81 }];
  const info = podInfoOf(
    pod({ containers: [{ name: "c", ports, resources: { requests: { "x.io/gpu": "2" } } }] }),
  );
  assert.equal(info.requests.others.get("x.io/gpu"), 2);
  assert.deepEqual(info.hostPorts, [{ ip: "0.0.0.0", protocol: "TCP", port: 8080 }]);
});
