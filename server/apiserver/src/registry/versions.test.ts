/** Kinds in several versions, and kinds that are served only when asked for, through a whole server. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { startTestServer } from "../testing/server.ts";

const runtimeConfig = { "api/beta": true, "api/alpha": true };

test("an object is one object, whichever version it is asked for in", async () => {
  await using rig = await startTestServer({ runtimeConfig });
  const ask = (method: "GET" | "POST" | "PUT", version: string, name: string, body?: object): Promise<any> =>
    rig.transport.request({
      method,
      path: `/apis/storage.k8s.io/${version}/volumeattributesclasses${name}`,
      body,
    });
  const made = await ask("POST", "v1beta1", "", {
    apiVersion: "storage.k8s.io/v1beta1",
    kind: "VolumeAttributesClass",
    metadata: { name: "gold" },
    driverName: "x.io",
    parameters: { iops: "9" },
  });
  assert.equal(made.body.apiVersion, "storage.k8s.io/v1beta1");
  assert.match(
    made.warnings[0],
    /^storage\.k8s\.io\/v1beta1 VolumeAttributesClass is deprecated in v1\.34\+/,
  );
  const { body } = await ask("GET", "v1", "/gold");
  assert.deepEqual(
    { ...body, apiVersion: "" },
    { ...made.body, apiVersion: "" },
    "the same but for its version",
  );
  await assert.rejects(
    ask("PUT", "v1beta1", "/gold", { ...made.body, parameters: { iops: "1" } }),
    /parameters: Forbidden: updates to parameters are forbidden\.$/,
  );
});

const candidate = {
  kind: "LeaseCandidate",
  metadata: { name: "me", namespace: "default" },
  spec: {
    leaseName: "l",
    binaryVersion: "1.36.0",
    emulationVersion: "1.35.0",
    strategy: "OldestEmulationVersion",
  },
};
const template = { name: "t", schedulingPolicy: { gang: { minCount: 2 } }, priority: 5 };

for (const [group, plural, object] of [
  ["coordination.k8s.io/v1alpha2", "namespaces/default/leasecandidates", candidate],
  ["coordination.k8s.io/v1beta1", "namespaces/default/leasecandidates", candidate],
  [
    "scheduling.k8s.io/v1alpha2",
    "namespaces/default/workloads",
    { kind: "Workload", metadata: { name: "w" }, spec: { podGroupTemplates: [template] } },
  ],
  [
    "scheduling.k8s.io/v1alpha2",
    "namespaces/default/podgroups",
    { kind: "PodGroup", metadata: { name: "g" }, spec: { schedulingPolicy: { basic: {} } } },
  ],
  [
    "storagemigration.k8s.io/v1beta1",
    "storageversionmigrations",
    { kind: "StorageVersionMigration", metadata: { name: "m" }, spec: { resource: { resource: "pods" } } },
  ],
  [
    "internal.apiserver.k8s.io/v1alpha1",
    "storageversions",
    { kind: "StorageVersion", metadata: { name: "apps.deployments" }, spec: {} },
  ],
  [
    "networking.k8s.io/v1beta1",
    "servicecidrs",
    { kind: "ServiceCIDR", metadata: { name: "c" }, spec: { cidrs: ["10.9.0.0/24"] } },
  ],
] as const) {
  const path = `/apis/${group}/${plural}`;
  test(`${group} ${object.kind} is served when asked for, and not unasked`, async () => {
    await using rig = await startTestServer({ runtimeConfig });
    const body = { apiVersion: group, ...object };
    const made: any = await rig.transport.request({ method: "POST", path, body });
    assert.equal(made.body.apiVersion, group);
    assert.equal(made.body.spec?.podGroupTemplates?.[0].priority, undefined, "alpha fields are dropped");
    const read = await rig.transport.request({ method: "GET", path: `${path}/${object.metadata.name}` });
    assert.deepEqual(read.body, made.body);
    await using plain = await startTestServer();
    await assert.rejects(plain.transport.request({ method: "POST", path, body }), { code: 404 });
  });
}

for (const [name, change, says] of [
  [
    "a candidate older than what it emulates",
    { emulationVersion: "1.37.0" },
    /greater than or equal to `emu/,
  ],
  ["a version that is none", { binaryVersion: "v1" }, /must be a valid semantic version/],
  ["an unknown strategy", { strategy: "Best" }, /spec\.strategy\.strategy: Unsupported value: "Best"/],
] as const) {
  test(`LeaseCandidate refuses ${name}`, async () => {
    await using rig = await startTestServer({ runtimeConfig });
    const body = { ...candidate, spec: { ...candidate.spec, ...change } };
    const path = "/apis/coordination.k8s.io/v1beta1/namespaces/default/leasecandidates";
    await assert.rejects(rig.transport.request({ method: "POST", path, body }), says);
  });
}
