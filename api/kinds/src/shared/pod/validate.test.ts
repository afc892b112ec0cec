/** Rules that recorded answers do not reach; the others are held by answers.test.ts. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type { Pod, PodSpec } from "../../../generated/core-v1.ts";
import { pod as kind } from "../../core/pod.ts";
import { podWith, problemsOf } from "./testing.ts";

interface Case {
  readonly says: string;
  change(spec: PodSpec, pod: Pod): void;
  readonly problems: readonly string[];
}

const main = (spec: PodSpec) => spec.containers[0]!;

const cases: readonly Case[] = [
  { says: "is fine as it is", change: () => {}, problems: [] },
  {
    says: "sleeps longer than it may take to end",
    change(spec) {
      spec.terminationGracePeriodSeconds = 5;
      main(spec).lifecycle = { preStop: { sleep: { seconds: 6 } } };
    },
    problems: [
      "spec.containers[0].lifecycle.preStop.sleep: Invalid value: 6: must be non-negative and less than terminationGracePeriodSeconds (5)",
    ],
  },
  {
    says: "shares the host's network in a user namespace",
    change(spec) {
      spec.hostUsers = false;
      spec.hostNetwork = true;
      spec.hostPID = true;
    },
    problems: [
      "spec.hostNetwork: Forbidden: when `hostUsers` is false",
      "spec.HostPID: Forbidden: when `hostUsers` is false",
    ],
  },
  {
    says: "sets a sysctl of a namespace that it shares",
    change(spec) {
      spec.hostNetwork = true;
      spec.securityContext = { sysctls: [{ name: "net/core/somaxconn", value: "1" }] };
    },
    problems: [
      "spec.securityContext.sysctls[0].name: Invalid value: \"net/core/somaxconn\": may not be specified when 'hostNetwork' is true",
    ],
  },
  {
    says: "mounts read-only all the way down, but not read-only",
    change(spec) {
      spec.volumes = [{ name: "v" }];
      main(spec).volumeMounts = [{ name: "v", mountPath: "/v", recursiveReadOnly: "Enabled" }];
    },
    problems: [
      "spec.containers[0].volumeMounts.recursiveReadOnly: Forbidden: may only be specified when readOnly is true",
    ],
  },
  {
    says: "names two types of volume at once",
    change(spec) {
      spec.volumes = [{ name: "v", emptyDir: {}, hostPath: { path: "/x" } }];
    },
    problems: ["spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type"],
  },
  {
    says: "asks for huge pages that do not divide",
    change(spec) {
      main(spec).resources = { limits: { cpu: "1", "hugepages-2Mi": "3Mi" } };
    },
    problems: [
      'spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi',
      'spec.containers[0].resources.requests[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi',
    ],
  },
  {
    says: "is for Windows and asks for what Linux has",
    change(spec) {
      spec.os = { name: "windows" };
      spec.hostPID = true;
      main(spec).securityContext = { privileged: true };
    },
    problems: [
      "spec.hostPID: Forbidden: cannot be set for a windows pod",
      "spec.containers[0].securityContext.privileged: Forbidden: cannot be set for a windows pod",
    ],
  },
  {
    says: "restarts by rules without a policy",
    change(spec) {
      main(spec).restartPolicyRules = [{ action: "Restart", exitCodes: { operator: "In", values: [3] } }];
    },
    problems: [
      "spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used",
    ],
  },
  {
    says: "brings ephemeral containers along",
    change(spec) {
      spec.ephemeralContainers = [{ name: "debug", image: "x" }];
    },
    problems: ["spec.ephemeralContainers: Forbidden: cannot be set on create"],
  },
];

for (const { says, change, problems } of cases)
  test(`pod that ${says}`, () => assert.deepEqual(problemsOf(podWith(change)), problems));

test("prepareForCreate gives a pod its first status, and gated ones a reason to wait", () => {
  const pod = podWith((spec) => (spec.schedulingGates = [{ name: "example.com/wait" }]));
  kind.prepareForCreate!(pod);
  assert.equal(pod.status!.phase, "Pending");
  assert.equal(pod.status!.qosClass, "BestEffort");
  assert.equal(pod.status!.conditions![0]!.reason, "SchedulingGated");
});

test("prepareForCreate writes the pod's own label values into its selectors", () => {
  const pod = podWith((spec, { metadata }) => {
    metadata.labels = { app: "web", version: "7" };
    spec.topologySpreadConstraints = [
      {
        maxSkew: 1,
        topologyKey: "zone",
        whenUnsatisfiable: "DoNotSchedule",
        labelSelector: { matchLabels: { app: "web" } },
        matchLabelKeys: ["version"],
      },
    ];
  });
  kind.prepareForCreate!(pod);
  const [constraint] = pod.spec!.topologySpreadConstraints!;
  assert.deepEqual(constraint!.labelSelector!.matchExpressions, [
    { key: "version", operator: "In", values: ["7"] },
  ]);
  assert.deepEqual(problemsOf(pod), []);
});

test("prepareForCreate drops what is behind gates that are off", () => {
  const pod = podWith((spec) => {
    spec.schedulingGroup = { podGroupName: "g" };
    main(spec).lifecycle = { stopSignal: "SIGUSR1" };
  });
  kind.prepareForCreate!(pod);
  assert.equal(pod.spec!.schedulingGroup, undefined);
  assert.equal(main(pod.spec!).lifecycle, undefined);
});
