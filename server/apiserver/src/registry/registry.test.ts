/** Kinds come and go while the server runs; discovery and OpenAPI follow, and make again only what changed. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { apiService } from "@knarr/kinds/apiregistration/api-service.ts";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import { deployment } from "@knarr/kinds/apps/deployment.ts";
import type { Group } from "@knarr/kinds/group.ts";
import type { Published, Resource } from "@knarr/kinds/resource.ts";
import { Metrics } from "@knarr/std/metrics.ts";
import { realClock } from "@knarr/std/clock.ts";
import { MemoryStore } from "@knarr/store/drivers/memory.ts";
import { Aggregator } from "../aggregation/aggregator.ts";
import { openCaches } from "../cache/open-caches.ts";
import { Discovery } from "../discovery/discovery.ts";
import { OpenApi } from "../openapi/documents.ts";
import { Registry } from "./registry.ts";
import { Served } from "./served.ts";

const builtIn: readonly Group[] = [
  { group: "", version: "v1", resources: [configMap] },
  { group: "apps", version: "v1", resources: [deployment] },
];

/** `boats` of `group` in `version`, as a CustomResourceDefinition would bring them. */
function boats(group: string, version: string): Served {
  const schema = `${group.split(".").reverse().join(".")}.${version}.Boat`;
  const verbs = ["delete", "get", "list", "create"];
  const published: Published = {
    ...{
      group,
      version,
      kind: "Boat",
      plural: "boats",
      namespaced: true,
      schema,
      storedVersion: "v1",
      verbs,
    },
    subresources: { status: { kind: "Boat", verbs: ["get"] } },
    openApi: () => ({
      [schema]: { type: "object", description: `${version} boats` },
      [`${schema}List`]: { type: "object" },
    }),
  };
  const resource: Resource = {
    ...{ group, version, kind: "Boat", plural: "boats", scope: "Namespaced", schema: { type: "object" } },
    published,
  };
  return new Served(resource, undefined);
}

async function startRegistry() {
  await using stack = new AsyncDisposableStack();
  const store = stack.use(new MemoryStore());
  const caches = stack.use(await openCaches({ store, resources: [apiService, configMap, deployment] }));
  const registry = new Registry(builtIn, caches, () => ({}));
  const aggregator = stack.use(
    new Aggregator({ registry, caches, frontProxy: undefined, clock: realClock, metrics: new Metrics() }),
  );
  const discovery = new Discovery(aggregator, () => "127.0.0.1:443");
  const openApi = new OpenApi({
    version: "v1.36.3",
    get groups() {
      return registry.groups;
    },
  });
  const ask = (accept: string): any =>
    discovery.groups({ headers: { accept }, query: new URLSearchParams() } as never);
  const held = stack.move();
  return { registry, openApi, ask, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

const JSON_TYPE = "application/json";
const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

test("Registry.replace serves custom kinds behind the built-in ones, groups by name and versions by worth", async () => {
  await using rig = await startRegistry();
  const names = () =>
    rig
      .ask(JSON_TYPE)
      .value.groups.map(({ name, versions }: any) => [name, ...versions.map((v: any) => v.version)]);
  const old = boats("x.io", "v1beta1");
  rig.registry.replace([], [old, boats("x.io", "v1"), boats("a.io", "v1"), boats("x.io", "v2alpha1")]);
  assert.deepEqual(names(), [
    ["apps", "v1"],
    ["a.io", "v1"],
    ["x.io", "v1", "v1beta1", "v2alpha1"],
  ]);
  assert.equal(rig.registry.find("x.io", "v1beta1", "boats"), old);
  assert.ok(rig.registry.hasGroup("a.io"));

  rig.registry.replace([old, rig.registry.find("a.io", "v1", "boats")!], []);
  assert.deepEqual(names(), [
    ["apps", "v1"],
    ["x.io", "v1", "v2alpha1"],
  ]);
  assert.equal(rig.registry.find("x.io", "v1beta1", "boats"), undefined);
  assert.ok(!rig.registry.hasGroup("a.io"));
});

test("discovery and OpenAPI change with the kinds, but for what stayed as it was", async () => {
  await using rig = await startRegistry();
  const { registry, openApi } = rig;
  registry.replace([], [boats("a.io", "v1")]);
  const before = {
    etag: rig.ask(AGGREGATED).headers.etag,
    v2: openApi.version2().hash,
    ours: openApi.document("apis/a.io/v1"),
    apps: openApi.document("apis/apps/v1"),
  };
  assert.equal(rig.ask(AGGREGATED).headers.etag, before.etag);

  registry.replace([], [boats("x.io", "v1")]);
  assert.notEqual(rig.ask(AGGREGATED).headers.etag, before.etag);
  assert.notEqual(openApi.version2().hash, before.v2);
  assert.equal(openApi.document("apis/a.io/v1"), before.ours);
  assert.equal(openApi.document("apis/apps/v1"), before.apps);

  registry.replace([registry.find("x.io", "v1", "boats")!], []);
  assert.equal(rig.ask(AGGREGATED).headers.etag, before.etag);
  assert.equal(openApi.version2().hash, before.v2);
  assert.equal(openApi.document("apis/x.io/v1"), undefined);
});

test("custom kinds stand in OpenAPI as they describe themselves", async () => {
  await using rig = await startRegistry();
  rig.registry.replace([], [boats("a.io", "v1"), boats("x.io", "v1")]);
  const { definitions, paths } = JSON.parse(rig.openApi.version2().bytes.toString());
  assert.deepEqual(definitions["io.x.v1.Boat"], { type: "object", description: "v1 boats" });
  assert.ok(
    definitions["io.k8s.api.apps.v1.Deployment"] &&
      definitions["io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta"],
  );
  const path = "/apis/x.io/v1/namespaces/{namespace}/boats/{name}";
  assert.equal(paths[path].get.responses["200"].schema.$ref, "#/definitions/io.x.v1.Boat");
  assert.equal(paths[`${path}/status`].get.responses["200"].schema.$ref, "#/definitions/io.x.v1.Boat");
  const { components } = JSON.parse(rig.openApi.document("apis/x.io/v1")!.bytes.toString());
  assert.equal(components.schemas["io.x.v1.Boat"].description, "v1 boats");
  assert.equal(components.schemas["io.a.v1.Boat"], undefined);
});

test("discovery shows verbs and subresources of a custom kind in its own order, and what is stored", async () => {
  await using rig = await startRegistry();
  rig.registry.replace([], [boats("x.io", "v2")]);
  const [group] = rig.ask(AGGREGATED).value.items.filter(({ metadata }: any) => metadata.name === "x.io");
  const [resource] = group.versions[0].resources;
  assert.deepEqual(resource.verbs, ["delete", "get", "list", "create"]);
  assert.deepEqual(resource.subresources, [
    { subresource: "status", responseKind: { group: "x.io", version: "v2", kind: "Boat" }, verbs: ["get"] },
  ]);
});
