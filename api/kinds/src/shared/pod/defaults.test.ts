/** Defaults of pods: pull policies, requests from limits, idempotence. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { pod as kind } from "../../core/pod.ts";
import { pullPolicyOf } from "./defaults.ts";
import { podWith } from "./testing.ts";

const policies: readonly (readonly [image: string, policy: string])[] = [
  ["nginx", "Always"],
  ["nginx:latest", "Always"],
  ["nginx:1.27", "IfNotPresent"],
  ["localhost:5000/a/b", "Always"],
  ["registry.example/app:1.0", "IfNotPresent"],
  [`nginx@sha256:${"a".repeat(64)}`, "IfNotPresent"],
  ["Not An Image", "IfNotPresent"],
  ["a".repeat(300), "IfNotPresent"],
];

for (const [image, policy] of policies)
  test(`pullPolicyOf ${image.slice(0, 40)} is ${policy}`, () => assert.equal(pullPolicyOf(image), policy));

test("defaults of a pod are idempotent, and write nothing the second time", () => {
  const pod = podWith((spec) => {
    spec.volumes = [{ name: "v" }, { name: "s", secret: { secretName: "s" } }];
    spec.containers[0]!.resources = { limits: { cpu: "1000m", memory: "1024Mi" } };
    spec.containers[0]!.livenessProbe = { httpGet: { port: 80 } };
    spec.containers[0]!.env = [{ name: "E", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } }];
    spec.resources = { limits: { cpu: "2" } };
  });
  const again = frozen(structuredClone(pod));
  kind.defaults!(again);
  assert.deepEqual(again, pod);
});

test("defaults ask for as much as the limits when only limits are given", () => {
  const pod = podWith((spec) => {
    spec.containers[0]!.resources = { limits: { cpu: "1000m" }, requests: { memory: "1024Mi" } };
  });
  assert.deepEqual(pod.spec!.containers[0]!.resources, {
    limits: { cpu: "1" },
    requests: { cpu: "1", memory: "1Gi" },
  });
});

test("defaults give the pod as a whole what its containers ask for", () => {
  const pod = podWith((spec) => {
    spec.resources = { limits: { cpu: "2", memory: "1Gi" } };
    spec.containers[0]!.resources = { requests: { cpu: "500m" } };
  });
  assert.deepEqual(pod.spec!.resources!.requests, { cpu: "500m", memory: "1Gi" });
});

test("defaults bind ports to the host on the host's network", () => {
  const pod = podWith((spec) => {
    spec.hostNetwork = true;
    spec.containers[0]!.ports = [{ containerPort: 80 }];
  });
  assert.deepEqual(pod.spec!.containers[0]!.ports, [{ containerPort: 80, hostPort: 80, protocol: "TCP" }]);
});

test("defaults keep both names of a field in line", () => {
  const pod = podWith((spec, { metadata }) => {
    delete spec.serviceAccountName;
    spec.serviceAccount = "builder";
    metadata.annotations = { "pod.beta.kubernetes.io/init-containers": "[]" };
  });
  assert.equal(pod.spec!.serviceAccountName, "builder");
  assert.deepEqual(pod.metadata.annotations, {});
});

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}
