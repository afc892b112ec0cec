/** What definitions define is served, changed and taken away while the server runs, and is there again when it starts anew. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { customResourceDefinition } from "@knarr/kinds/apiextensions/custom-resource-definition.ts";
import { createApi } from "@knarr/client/create-api.ts";
import { MemoryStore } from "@knarr/store/drivers/memory.ts";
import { createApiServer } from "../server.ts";
import { APPLY, ask, boats, BOATS, define, hasCondition, MERGE, until, version } from "../testing/boats.ts";
import { ADMIN, startTestServer } from "../testing/server.ts";

const boat = (name: string, spec: object = { crew: 3 }): object => ({
  apiVersion: "x.io/v1",
  kind: "Boat",
  metadata: { name },
  spec,
});

test("a custom resource is created, read, listed, changed and deleted as a built-in one is", async () => {
  await using rig = await startTestServer();
  await define(rig);
  const made = await ask(rig, "POST", BOATS, boat("a"));
  assert.deepEqual(made.spec, { crew: 3, color: "red" });
  assert.equal(made.metadata.generation, 1);
  assert.deepEqual(await ask(rig, "GET", `${BOATS}/a`), made);
  const patched = await ask(rig, "PATCH", `${BOATS}/a`, { spec: { crew: 4 } }, MERGE);
  assert.equal(patched.metadata.generation, 2);
  const list = await ask(rig, "GET", `${BOATS}?fieldSelector=spec.color=red`);
  assert.deepEqual([list.kind, list.apiVersion, list.items[0]], ["BoatList", "x.io/v1", patched]);
  assert.equal((await ask(rig, "GET", `${BOATS}?fieldSelector=spec.color=blue`)).items.length, 0);
  assert.equal((await ask(rig, "DELETE", `${BOATS}/a`)).status, "Success");
  await assert.rejects(ask(rig, "GET", `${BOATS}/a`), { message: 'boats.x.io "a" not found' });
});

test("status and scale are parts of their own", async () => {
  await using rig = await startTestServer();
  await define(rig);
  const made = await ask(rig, "POST", BOATS, { ...boat("a"), status: { crew: 9 } });
  assert.equal(made.status, undefined);
  const change = {
    metadata: { labels: { a: "b" } },
    spec: { crew: 9 },
    status: { crew: 2, selector: "a=b" },
  };
  const status = await ask(rig, "PATCH", `${BOATS}/a/status`, change, MERGE);
  assert.deepEqual([status.metadata.labels, status.spec.crew, status.status], [undefined, 3, change.status]);
  assert.equal(status.metadata.generation, 1);
  const scale = await ask(rig, "GET", `${BOATS}/a/scale`);
  assert.deepEqual([scale.spec, scale.status], [{ replicas: 3 }, { replicas: 2, selector: "a=b" }]);
  await ask(rig, "PATCH", `${BOATS}/a/scale`, { spec: { replicas: 5 } }, MERGE);
  const scaled = await ask(rig, "GET", `${BOATS}/a`);
  assert.deepEqual([scaled.spec.crew, scaled.metadata.generation], [5, 2]);
  await assert.rejects(ask(rig, "PATCH", `${BOATS}/a/scale`, { spec: { replicas: 99 } }, MERGE), {
    message:
      'Boat.x.io "a" is invalid: spec.crew: Invalid value: 99: spec.crew in body should be less than or equal to 30',
  });
});

test("apply knows the lists of the schema, and what it does not know", async () => {
  await using rig = await startTestServer();
  await define(rig);
  await ask(rig, "PATCH", `${BOATS}/a?fieldManager=one`, boat("a", { crew: 3, tags: ["x"] }), APPLY);
  await ask(rig, "PATCH", `${BOATS}/a?fieldManager=two`, boat("a", { crew: 3, tags: ["y"] }), APPLY);
  const both = await ask(rig, "PATCH", `${BOATS}/a?fieldManager=one`, boat("a", { crew: 3 }), APPLY);
  assert.deepEqual(both.spec, { crew: 3, color: "red", tags: ["y"] });
  await assert.rejects(ask(rig, "PATCH", `${BOATS}/a?fieldManager=two`, boat("a", { crew: 4 }), APPLY), {
    message: 'Apply failed with 1 conflict: conflict with "one": .spec.crew',
  });
  await assert.rejects(ask(rig, "PATCH", `${BOATS}/a?fieldManager=two`, boat("a", { sails: 4 }), APPLY), {
    message:
      "failed to create typed patch object (/a; x.io/v1, Kind=Boat): .spec.sails: field not declared in schema",
  });
});

const STRATEGIC = { type: "application/strategic-merge-patch+json" };

for (const [name, method, path, body, options, says] of [
  [
    "a strategic patch",
    "PATCH",
    `${BOATS}/a`,
    {},
    STRATEGIC,
    /types include: application\/json-patch\+json, app/,
  ],
  [
    "a PUT without a version",
    "PUT",
    `${BOATS}/a`,
    boat("a"),
    {},
    /resourceVersion: Invalid value: 0: must be spec/,
  ],
  [
    "another kind",
    "POST",
    BOATS,
    { ...boat("b"), kind: "Ship" },
    {},
    /^Ship\.x\.io "b" is invalid: kind: .* must be B/,
  ],
  [
    "an unknown field",
    "POST",
    `${BOATS}?fieldValidation=Strict`,
    boat("b", { crew: 1, x: 1 }),
    {},
    /field "spec\.x"$/,
  ],
  [
    "a field to select by",
    "GET",
    `${BOATS}?fieldSelector=spec.crew=1`,
    undefined,
    {},
    /not supported: spec\.crew$/,
  ],
  ["no such part", "GET", `${BOATS}/a/sails`, undefined, {}, /^boats\.x\.io "a" not found$/],
  [
    "a create of a part",
    "POST",
    `${BOATS}/a/status`,
    boat("a"),
    {},
    /^create is not supported on resources of kind "bo/,
  ],
  ["a change of all", "PUT", BOATS, boat("a"), {}, /^name must be provided$/],
  ["no namespace", "GET", "/apis/x.io/v1/boats/a", undefined, {}, /^404 page not found/],
  ["no such kind", "GET", "/apis/x.io/v1/ships", undefined, {}, /^404 page not found/],
  ["no such version", "GET", "/apis/x.io/v2/boats", undefined, {}, /^404 page not found/],
] as const) {
  test(`a custom resource refuses ${name} in upstream's words`, async () => {
    await using rig = await startTestServer();
    await define(rig);
    await ask(rig, "POST", BOATS, boat("a"));
    await assert.rejects(ask(rig, method, path, body, options), { message: says });
  });
}

test("a change of the schema is in force at once: for what is stored, and for watches, which end", async () => {
  await using rig = await startTestServer();
  await define(rig);
  await ask(rig, "POST", BOATS, boat("a"));
  const { schema } = version("v1");
  const spec: any = schema!.openAPIV3Schema!.properties!["spec"];
  spec.properties.sails = { type: "integer", default: 2 };
  const ending = (async () => {
    const query = {
      resource: { group: "x.io", version: "v1", kind: "Boat", plural: "boats", scope: "Namespaced" },
    };
    const seen: string[] = [];
    for await (const events of rig.transport.watch(
      query.resource as never,
      {},
      "0",
      AbortSignal.timeout(5000),
    ))
      seen.push(...events.map(({ type }) => type));
    return seen;
  })();
  const { metadata } = await until(rig, "boats.x.io", () => true);
  await rig.api.update(customResourceDefinition, {
    ...boats(version("v1", { schema: schema! })),
    metadata: { name: "boats.x.io", resourceVersion: metadata.resourceVersion },
  } as never);
  await ending;
  assert.deepEqual((await ask(rig, "GET", `${BOATS}/a`)).spec, { crew: 3, color: "red", sails: 2 });
});

test("a version that is not served any more is gone, and one that is added is there", async () => {
  await using rig = await startTestServer();
  const { metadata } = await define(rig, boats(version("v1"), version("v1beta1", { storage: false })));
  await ask(rig, "POST", BOATS, boat("a"));
  const old = BOATS.replace("v1", "v1beta1");
  assert.equal((await ask(rig, "GET", `${old}/a`)).apiVersion, "x.io/v1beta1");
  const next = boats(version("v1"), version("v2", { storage: false }));
  const { resourceVersion } = metadata;
  await rig.api.update(customResourceDefinition, {
    ...next,
    metadata: { ...next.metadata, resourceVersion },
  } as never);
  const versions = async (): Promise<string> =>
    (await ask(rig, "GET", "/apis/x.io")).versions.map(({ version: name }: any) => name).join();
  while ((await versions()) !== "v2,v1") await new Promise((resolve) => setImmediate(resolve));
  assert.equal((await ask(rig, "GET", `${BOATS.replace("v1", "v2")}/a`)).apiVersion, "x.io/v2");
  await assert.rejects(ask(rig, "GET", old), { message: /^404 page not found/ });
});

test("what is stored in another version moves on when it is written, and not before", async () => {
  await using store = new MemoryStore();
  await using rig = await startTestServer({ store });
  const { metadata } = await define(rig);
  await ask(rig, "POST", BOATS, boat("a"));
  const next = boats(version("v1", { storage: false }), version("v2"));
  const { resourceVersion } = metadata;
  await rig.api.update(customResourceDefinition, {
    ...next,
    metadata: { ...next.metadata, resourceVersion },
  } as never);
  const { status } = await until(rig, "boats.x.io", () => true);
  assert.deepEqual(status?.storedVersions, ["v1", "v2"]);
  const stored = async (): Promise<any> => {
    const { entries } = await store.list("/registry/x.io/boats/", { limit: 1, count: false });
    return JSON.parse(Buffer.from(entries[0]!.value).toString());
  };
  const current = await ask(rig, "GET", `${BOATS}/a`);
  assert.equal((await stored()).apiVersion, "x.io/v1");
  await ask(rig, "PUT", `${BOATS}/a`, current);
  assert.equal((await stored()).apiVersion, "x.io/v2");
  assert.equal((await ask(rig, "GET", `${BOATS}/a`)).apiVersion, "x.io/v1");
});

test("a definition goes when its instances have gone, and none can be made meanwhile", async () => {
  await using rig = await startTestServer();
  await define(rig);
  await ask(rig, "POST", BOATS, boat("a"));
  await ask(rig, "POST", BOATS, { ...boat("b"), metadata: { name: "b", finalizers: ["x.io/held"] } });
  await rig.api.delete(customResourceDefinition, "boats.x.io");
  await until(rig, "boats.x.io", (found) => hasCondition(found, "Terminating", "True"));
  await assert.rejects(ask(rig, "POST", BOATS, boat("c")), {
    message:
      'boats.x.io "c" is forbidden: create not allowed while custom resource definition is terminating',
  });
  const definition = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/boats.x.io";
  await ask(rig, "PATCH", definition, { metadata: { labels: { late: "change" } } }, MERGE);
  const { resources } = await ask(rig, "GET", "/apis/x.io/v1");
  assert.deepEqual(resources[0].verbs, ["delete", "deletecollection", "get", "list", "watch"]);
  await ask(rig, "PATCH", `${BOATS}/b`, { metadata: { finalizers: null } }, MERGE);
  await until(rig, "boats.x.io", (found) => found === undefined);
  await assert.rejects(ask(rig, "GET", BOATS), { message: /^404 page not found/ });
  assert.ok(!(await ask(rig, "GET", "/apis")).groups.some(({ name }: any) => name === "x.io"));

  await define(rig);
  assert.equal((await ask(rig, "GET", BOATS)).items.length, 0);
});

test("a definition whose names are taken is not served until they are free", async () => {
  await using rig = await startTestServer();
  await define(rig);
  const other = boats();
  other.metadata.name = "yachts.x.io";
  other.spec.names = { plural: "yachts", kind: "Boat", shortNames: ["bo"] };
  await rig.api.create(customResourceDefinition, other as never);
  const refused = await until(rig, "yachts.x.io", (found) => hasCondition(found, "NamesAccepted", "False"));
  const [names, established] = refused.status!.conditions!;
  assert.deepEqual([names!.reason, names!.message], ["ListKindConflict", '"BoatList" is already in use']);
  assert.deepEqual([established!.status, established!.reason], ["False", "NotAccepted"]);
  await assert.rejects(ask(rig, "GET", BOATS.replace("boats", "yachts")), { message: /^404/ });
  await rig.api.delete(customResourceDefinition, "boats.x.io");
  await until(rig, "yachts.x.io", (found) => hasCondition(found, "Established", "True"));
  assert.equal((await ask(rig, "GET", BOATS.replace("boats", "yachts"))).kind, "BoatList");
});

test("custom kinds are served from the moment a server is ready", async () => {
  await using store = new MemoryStore();
  {
    await using rig = await startTestServer({ store });
    await define(rig);
    await ask(rig, "POST", BOATS, boat("a"));
  }
  await using server = await createApiServer({ store });
  const transport = server.inProcess(ADMIN);
  const { body } = await transport.request({ method: "GET", path: `${BOATS}/a` });
  assert.deepEqual((body as any).spec, { crew: 3, color: "red" });
  assert.ok(createApi(transport));
});
