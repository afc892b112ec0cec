/** What may change in a pod, on each of the paths by which it is written. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type { Pod } from "../../../generated/core-v1.ts";
import { ephemeralContainers, resize } from "./parts.ts";
import { podStatus } from "./status.ts";
import { changed, findings, podWith, updateProblemsOf } from "./testing.ts";

const created = podWith((spec) => {
  spec.containers[0]!.resources = { requests: { cpu: "100m", memory: "64Mi" } };
  spec.nodeName = "n1";
});

test("validatePodUpdate lets images and labels change", () => {
  const pod = changed(created, (spec, { metadata }) => {
    spec.containers[0]!.image = "app:2";
    metadata.labels = { a: "b" };
  });
  assert.deepEqual(updateProblemsOf(pod, created), []);
});

test("validatePodUpdate refuses all else with a diff", () => {
  const pod = changed(created, (spec) => (spec.nodeName = "n2"));
  const [problem, ...others] = updateProblemsOf(pod, created);
  assert.match(problem!, /^spec: Forbidden: pod updates may not change fields other than/);
  assert.match(problem!, /\n- "NodeName": "n1",\n\+ "NodeName": "n2",\n/);
  assert.deepEqual(others, []);
});

test("validatePodUpdate takes absent and false for the same where Go cannot tell", () => {
  const pod = changed(created, (spec) => (spec.hostNetwork = false));
  assert.deepEqual(updateProblemsOf(pod, created), []);
  const other = changed(created, (spec) => (spec.automountServiceAccountToken = false));
  assert.equal(updateProblemsOf(other, created).length, 1);
});

test("validatePodUpdate adds tolerations and takes none away", () => {
  const tolerating = changed(created, (spec) => (spec.tolerations = [{ key: "a", operator: "Exists" }]));
  assert.deepEqual(updateProblemsOf(tolerating, created), []);
  assert.deepEqual(updateProblemsOf(created, tolerating), [
    "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds",
  ]);
});

test("validatePodUpdate lets a gated pod be narrowed down", () => {
  const gated = podWith((spec) => {
    spec.schedulingGates = [{ name: "x.io/g" }];
    spec.nodeSelector = { disk: "ssd" };
  });
  const narrowed = changed(gated, (spec) => (spec.nodeSelector = { disk: "ssd", zone: "a" }));
  assert.deepEqual(updateProblemsOf(narrowed, gated), []);
  const widened = changed(gated, (spec) => (spec.nodeSelector = { zone: "a" }));
  assert.match(updateProblemsOf(widened, gated)[0]!, /only additions to spec.nodeSelector are allowed/);
});

test("ephemeralContainers are added one by one and stay", () => {
  const debugged = changed(created, (spec) => {
    spec.containers[0]!.image = "smuggled";
    spec.ephemeralContainers = [
      { name: "debug", image: "x", imagePullPolicy: "Always", terminationMessagePolicy: "File" },
    ];
  });
  ephemeralContainers.prepareForUpdate!(debugged, created);
  assert.equal(debugged.spec!.containers[0]!.image, "app:1");
  assert.deepEqual(validate(ephemeralContainers, debugged, created), []);
  const without = changed(debugged, (spec) => delete spec.ephemeralContainers);
  assert.deepEqual(validate(ephemeralContainers, without, debugged), [
    'spec.ephemeralContainers: Forbidden: existing ephemeral containers "debug" may not be removed\n',
  ]);
});

test("resize changes CPU and memory, and takes nothing else from the request", () => {
  const resized = changed(created, (spec) => {
    spec.containers[0]!.resources = { requests: { cpu: "200m", memory: "64Mi" } };
    spec.containers[0]!.image = "smuggled";
  });
  resize.prepareForUpdate!(resized, created);
  assert.equal(resized.spec!.containers[0]!.image, "app:1");
  assert.equal(resized.spec!.containers[0]!.resources!.requests!.cpu, "200m");
  assert.deepEqual(validate(resize, resized, created), []);
});

test("resize may not remove a request or change the class of service", () => {
  const resized = changed(created, (spec) => (spec.containers[0]!.resources = {}));
  resize.prepareForUpdate!(resized, created);
  assert.deepEqual(validate(resize, resized, created), [
    'spec: Invalid value: "": Pod QOS Class may not change as a result of resizing',
    "spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed",
  ]);
});

test("podStatus lets no container that ended for good run again", () => {
  const ended = changed(created, (spec, pod) => {
    spec.restartPolicy = "Never";
    pod.status = { containerStatuses: [status({ terminated: { exitCode: 1 } })] };
  });
  const running = changed(ended, (_spec, pod) => {
    pod.status = { containerStatuses: [status({ running: {} })] };
  });
  assert.deepEqual(validate(podStatus, running, ended), [
    "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state",
  ]);
  ended.spec!.restartPolicy = "Always";
  assert.deepEqual(validate(podStatus, running, ended), []);
});

test("podStatus keeps class of service and observed generations that a client leaves out", () => {
  const before = changed(created, (_spec, pod) => {
    pod.status = {
      qosClass: "Burstable",
      observedGeneration: 3,
      conditions: [{ type: "Ready", status: "True", observedGeneration: 3 }],
    };
  });
  const after = changed(created, (_spec, pod) => {
    pod.status = { conditions: [{ type: "Ready", status: "False" }] };
  });
  podStatus.prepareForUpdate!(after, before);
  assert.deepEqual(after.status, {
    qosClass: "Burstable",
    observedGeneration: 3,
    conditions: [{ type: "Ready", status: "False", observedGeneration: 3 }],
  });
});

function status(state: object) {
  return { name: "main", image: "app:1", imageID: "", ready: false, restartCount: 0, state };
}

function validate(part: typeof resize, pod: Pod, previous: Pod): string[] {
  return findings((errors) => part.validateUpdate!(pod, previous, errors));
}
