/** The class of service that requests and limits earn. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type { ResourceRequirements } from "../../../generated/core-v1.ts";
import { qosClassOf } from "./qos.ts";

const both = (cpu: string, memory: string): Record<string, string> => ({ cpu, memory });

const cases: readonly (readonly [says: string, containers: readonly ResourceRequirements[], qos: string])[] =
  [
    ["nothing", [{}], "BestEffort"],
    ["zeros", [{ requests: both("0", "0") }], "BestEffort"],
    [
      "requests equal to limits",
      [{ requests: both("1", "1Gi"), limits: both("1000m", "1024Mi") }],
      "Guaranteed",
    ],
    ["requests below limits", [{ requests: both("1", "1Gi"), limits: both("2", "1Gi") }], "Burstable"],
    ["limits of memory alone", [{ requests: { memory: "1Gi" }, limits: { memory: "1Gi" } }], "Burstable"],
    ["one container without", [{ requests: both("1", "1Gi"), limits: both("1", "1Gi") }, {}], "Burstable"],
    ["only extended resources", [{ limits: { "example.com/gpu": "1" } }], "BestEffort"],
  ];

for (const [says, list, qos] of cases)
  test(`qosClassOf is ${qos} for ${says}`, () => {
    const containers = list.map((resources, i) => ({ name: `c${i}`, image: "x", resources }));
    assert.equal(qosClassOf({ containers }), qos);
  });

test("qosClassOf looks at the pod's own resources when it has some", () => {
  const resources = { requests: both("1", "1Gi"), limits: both("1", "1Gi") };
  assert.equal(qosClassOf({ containers: [{ name: "c" }], resources }), "Guaranteed");
});
