/** What is served by default, and what administrators make of it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { pod } from "@knarr/kinds/core/pod.ts";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import { lease } from "@knarr/kinds/coordination/lease.ts";
import type { Group } from "@knarr/kinds/group.ts";
import { inVersion } from "@knarr/kinds/shared/versions.ts";
import { startTestServer } from "../testing/server.ts";
import { servedGroups, type RuntimeConfig } from "./runtime-config.ts";

interface ApiGroupList {
  readonly groups: readonly { readonly name: string }[];
}

const beta = inVersion(lease, "v1beta1", { schema: lease.schema });
const groups: readonly Group[] = [
  { group: "", version: "v1", resources: [pod, configMap] },
  { group: "coordination.k8s.io", version: "v1", resources: [lease] },
  { group: "coordination.k8s.io", version: "v1beta1", isOffByDefault: true, resources: [beta] },
];
const served = (config: RuntimeConfig): string[] =>
  servedGroups(groups, config).flatMap(({ version, resources }) =>
    resources.map(({ plural }) => `${version} ${plural}`),
  );

for (const [name, config, wanted] of [
  ["what is off by default is not served", {}, "v1 pods, v1 configmaps, v1 leases"],
  ["a level is turned on", { "api/beta": true }, "v1 pods, v1 configmaps, v1 leases, v1beta1 leases"],
  [
    "a version goes before its level",
    { "api/beta": true, "coordination.k8s.io/v1beta1": false },
    "v1 pods, v1 configmaps, v1 leases",
  ],
  ["everything is turned off but core", { "api/all": false, "/v1": true }, "v1 pods, v1 configmaps"],
  ["a level goes before everything", { "api/all": false, "api/beta": true }, "v1beta1 leases"],
  ["one kind is turned off", { "/v1/configmaps": false }, "v1 pods, v1 leases"],
  [
    "one kind is turned on",
    { "coordination.k8s.io/v1beta1/leases": true },
    "v1 pods, v1 configmaps, v1 leases, v1beta1 leases",
  ],
] as const) {
  test(`servedGroups: ${name}`, () => assert.equal(served(config).join(", "), wanted));
}

for (const [key, says] of [
  ["v1", /it is not of GROUP\/VERSION or GROUP\/VERSION\/RESOURCE/],
  ["nope.io/v1", /there is no group nope\.io$/],
  ["coordination.k8s.io/v9", /there is no version v9 of coordination\.k8s\.io$/],
  ["/v1/gods", /there is no resource gods$/],
] as const) {
  test(`servedGroups refuses ${key}`, () => assert.throws(() => served({ [key]: true }), says));
}

test("a server shows what it serves and nothing else", async () => {
  await using rig = await startTestServer({ runtimeConfig: { "discovery.k8s.io/v1": false } });
  const { transport } = rig;
  const list = (await transport.request({ method: "GET", path: "/apis" })).body as ApiGroupList;
  const names = list.groups.map(({ name }) => name);
  assert.ok(names.includes("coordination.k8s.io") && !names.includes("discovery.k8s.io"));
  const path = "/apis/discovery.k8s.io/v1/endpointslices";
  await assert.rejects(transport.request({ method: "GET", path }), { code: 404 });
});
