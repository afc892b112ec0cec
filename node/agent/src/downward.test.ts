/** Fields and resources of a pod, and expansion, case by case. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { fieldOfPod, resourceOfContainer } from "./downward.ts";
import { expandFrom } from "./expansion.ts";

const pod: Pod = {
  metadata: {
    name: "web",
    namespace: "ns",
    uid: "u",
    labels: { "a/b": "x" },
    annotations: { n: "l1\nl2", u: "é\u200b" },
  },
  spec: {
    nodeName: "n1",
    serviceAccountName: "sa",
    containers: [
      {
        name: "c",
        image: "i",
        resources: { limits: { cpu: "1500m" }, requests: { memory: "100000001", cpu: "0.25" } },
      },
      { name: "bare", image: "i" },
    ],
  },
};
const node = {
  metadata: { name: "n1" },
  status: { allocatable: { cpu: "2", memory: "4Gi", "ephemeral-storage": "10Gi" } },
};
const addresses = { podIPs: ["10.42.0.7", "fd00::7"], hostIPs: ["192.0.2.1"] };

const fields: [string, string][] = [
  ["metadata.name", "web"],
  ["metadata.labels['a/b']", "x"],
  ["metadata.labels['none']", ""],
  ["metadata.annotations", 'n="l1\\nl2"\nu="é\\u200b"'],
  ["spec.nodeName", "n1"],
  ["status.podIP", "10.42.0.7"],
  ["status.podIPs", "10.42.0.7,fd00::7"],
  ["status.hostIPs", "192.0.2.1"],
];
for (const [path, wanted] of fields)
  test(`fieldOfPod gives ${path}`, () => assert.equal(fieldOfPod(path, pod, addresses), wanted));

test("fieldOfPod refuses what upstream refuses", () => {
  assert.throws(() => fieldOfPod("spec.x", pod, addresses), /unsupported fieldPath: spec.x/);
  assert.throws(
    () => fieldOfPod("spec['x']", pod, addresses),
    /fieldPath "spec\['x'\]" does not support subscript/,
  );
});

const resources: [string, string | undefined, string | undefined, string][] = [
  ["limits.cpu", "c", undefined, "2"],
  ["limits.cpu", "c", "1m", "1500"],
  ["requests.cpu", "c", "1m", "250"],
  ["requests.memory", "c", "1Mi", "96"],
  ["limits.memory", "bare", "1Gi", "4"],
  ["limits.cpu", undefined, undefined, "2"],
  ["limits.ephemeral-storage", "bare", "1", "10737418240"],
  ["requests.memory", "bare", undefined, "0"],
];
for (const [resource, containerName, divisor, wanted] of resources)
  test(`resourceOfContainer gives ${resource} of ${containerName} by ${divisor}`, () => {
    const selector = { resource, ...(containerName && { containerName }), ...(divisor && { divisor }) };
    assert.equal(resourceOfContainer(selector, pod, node, pod.spec!.containers[1]), wanted);
  });

test("expandFrom follows references, escapes and leaves the rest", () => {
  const environment = new Map([
    ["A", "1"],
    ["B", "$(A)"],
  ]);
  const cases: [string, string][] = [
    ["$(A)-$(B)", "1-$(A)"],
    ["$$(A)", "$(A)"],
    ["$$$(A)", "$1"],
    ["$(UNKNOWN)", "$(UNKNOWN)"],
    ["$(open", "$(open"],
    ["a$b$", "a$b$"],
    ["$", "$"],
    ["$()", "$()"],
  ];
  for (const [text, wanted] of cases) assert.equal(expandFrom(text, environment), wanted, text);
});
