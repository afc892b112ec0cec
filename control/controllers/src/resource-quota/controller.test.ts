/** Quotas are counted: when they are made, when something goes, when kinds come; not when admission has just charged them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Discovered } from "@knarr/client/discovery.ts";
import { customResourceDefinition } from "@knarr/kinds/apiextensions/custom-resource-definition.ts";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import { pod as pods } from "@knarr/kinds/core/pod.ts";
import { resourceQuota } from "@knarr/kinds/core/resource-quota.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import type { Resource, Verb } from "@knarr/kinds/resource.ts";
import { makeWorld } from "../testing/world.ts";
import { resourceQuotaController } from "./controller.ts";

const verbs: readonly Verb[] = ["list", "watch", "delete"];
const boat = { ...configMap, group: "x.io", version: "v1", kind: "Boat", plural: "boats" } as Resource<any>;

async function makeCluster() {
  const served: Resource<any>[] = [configMap];
  const discover = async (): Promise<Discovered> => ({
    resources: served.map((resource) => ({ ...resource, verbs })),
    failed: [],
  });
  const world = await makeWorld([resourceQuotaController(discover)]);
  return {
    ...world,
    served,
    used: async () => (await world.api.get(resourceQuota, "ns/quota")).status?.used,
    limit: (hard: Record<string, string>, scopes?: string[]) =>
      world.create(resourceQuota, {
        metadata: { name: "quota", namespace: "ns" },
        spec: { hard, ...(scopes && { scopes }) },
      }),
    make: (resource: Resource<any>, name: string, rest: object = {}) =>
      world.create(resource, { metadata: { name, namespace: "ns" }, ...rest } as never),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

const asking = (cpu: string) => ({ spec: { containers: [{ name: "c", resources: { requests: { cpu } } }] } });

test("what there is, is counted at once, and what goes is given back", async () => {
  await using cluster = await makeCluster();
  const a: Pod = (await cluster.make(pods, "a", asking("500m"))) as never;
  await cluster.make(pods, "b", asking("1"));
  await cluster.limit({ pods: "9", cpu: "4", configmaps: "3", "requests.storage": "1Gi" });
  assert.deepEqual(await cluster.used(), {
    pods: "2",
    cpu: "1500m",
    configmaps: "0",
    "requests.storage": "0",
  });
  await cluster.delete(pods, a);
  assert.deepEqual((await cluster.used())?.cpu, "1");
  await cluster.api.updateStatus(pods, {
    ...(await cluster.api.get(pods, "ns/b")),
    status: { phase: "Succeeded" },
  });
  await cluster.settled();
  assert.deepEqual((await cluster.used())?.pods, "0");
});

test("what admission has charged stands until it is counted again", async () => {
  await using cluster = await makeCluster();
  await cluster.limit({ configmaps: "3" });
  const quota = await cluster.api.get(resourceQuota, "ns/quota");
  const charged = { ...quota, status: { ...quota.status!, used: { configmaps: "1" } } };
  await cluster.pass(2000);
  await cluster.api.updateStatus(resourceQuota, charged);
  await cluster.settled();
  assert.deepEqual(await cluster.used(), { configmaps: "1" });
  await cluster.pass(5 * 60_000, 30_000);
  assert.deepEqual(await cluster.used(), { configmaps: "0" });
});

test("new limits are counted; what no longer is one is forgotten", async () => {
  await using cluster = await makeCluster();
  await cluster.make(configMap, "a");
  await cluster.limit({ pods: "1" });
  await cluster.change(
    resourceQuota,
    "ns/quota",
    (quota) => (quota.spec!.hard = { "count/configmaps": "1" }),
  );
  const { status } = await cluster.api.get(resourceQuota, "ns/quota");
  assert.deepEqual(status, { hard: { "count/configmaps": "1" }, used: { "count/configmaps": "1" } });
});

test("scopes choose which pods are counted", async () => {
  await using cluster = await makeCluster();
  await cluster.make(pods, "a", asking("1"));
  await cluster.make(pods, "b", { spec: { containers: [{ name: "c" }] } });
  await cluster.limit({ pods: "9" }, ["BestEffort"]);
  assert.deepEqual(await cluster.used(), { pods: "1" });
});

test("a kind that comes later is counted from then on", async () => {
  await using cluster = await makeCluster();
  await cluster.limit({ "count/boats.x.io": "2", pods: "1" });
  assert.deepEqual(await cluster.used(), { pods: "0" });
  cluster.served.push(boat);
  const made = await cluster.make(boat, "a");
  await cluster.create(customResourceDefinition, { metadata: { name: "boats.x.io" } } as never);
  await cluster.pass(1000);
  assert.deepEqual(await cluster.used(), { "count/boats.x.io": "1", pods: "0" });
  await cluster.delete(boat, made as never);
  assert.deepEqual(await cluster.used(), { "count/boats.x.io": "0", pods: "0" });
});
