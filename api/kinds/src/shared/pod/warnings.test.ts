/** Warnings that recorded answers do not reach. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type { Pod, PodSpec } from "../../../generated/core-v1.ts";
import { podWith } from "./testing.ts";
import { podCreationWarnings, templateWarnings } from "./warnings.ts";

const cases: readonly {
  readonly says: string;
  change(spec: PodSpec, pod: Pod): void;
  readonly warnings: readonly string[];
}[] = [
  { says: "nothing doubtful", change: () => {}, warnings: [] },
  {
    says: "a node label of former days",
    change: (spec) => (spec.nodeSelector = { "beta.kubernetes.io/os": "linux" }),
    warnings: [
      'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
    ],
  },
  {
    says: "a variable that hides another",
    change: (spec) =>
      (spec.containers[0]!.env = [
        { name: "A", value: "1" },
        { name: "A", value: "$(A):2" },
        { name: "A", value: "3" },
      ]),
    warnings: [
      'spec.containers[0].env[2]: hides previous definition of "A", which may be dropped when using apply',
    ],
  },
  {
    says: "ports given twice",
    change: (spec) =>
      (spec.containers[0]!.ports = [
        { name: "web", containerPort: 80 },
        { name: "web", containerPort: 80 },
      ]),
    warnings: [
      "spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]",
      'spec.containers[0].ports[1]: duplicate port name "web" with spec.containers[0].ports[0], services and probes that select ports by name will use spec.containers[0].ports[0]',
    ],
  },
  {
    says: "files over one another",
    change: (spec) =>
      (spec.volumes = [
        {
          name: "v",
          projected: {
            sources: [
              { secret: { name: "s", items: [{ key: "k", path: "a" }] } },
              { configMap: { name: "c", items: [{ key: "k", path: "a/b" }] } },
            ],
          },
        },
      ]),
    warnings: ['volume "v" (Projected): overlapping paths: "a/b" (ConfigMap "c") with "a" (Secret "s")'],
  },
  {
    says: "half a byte of memory",
    change: (spec) => (spec.containers[0]!.resources = { requests: { memory: "0.5" } }),
    warnings: [
      'spec.containers[0].resources.requests[memory]: fractional byte value "500m" is invalid, must be an integer',
    ],
  },
  {
    says: "a dead driver",
    change: (spec) => (spec.volumes = [{ name: "g", glusterfs: { endpoints: "e", path: "p" } }]),
    warnings: ["spec.volumes[0].glusterfs: deprecated in v1.25, non-functional in v1.26+"],
  },
];

for (const { says, change, warnings } of cases)
  test(`podCreationWarnings of ${says}`, () =>
    assert.deepEqual(podCreationWarnings(podWith(change)), warnings));

test("podCreationWarnings doubts names that are no host names", () => {
  const pod = podWith((_spec, { metadata }) => (metadata.name = "a.b"));
  assert.deepEqual(podCreationWarnings(pod), [
    "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
  ]);
});

test("templateWarnings name the template", () => {
  const { spec } = podWith((podSpec) => (podSpec.imagePullSecrets = [{ name: "" }]));
  assert.deepEqual(templateWarnings({ spec: spec! }, "spec.template"), [
    'spec.template.spec.imagePullSecrets[0].name: invalid empty name ""',
  ]);
});
