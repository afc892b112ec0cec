/** Two versions of one kind and a webhook between them: what is stored in one is read, listed, watched and written in the other. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryStore } from "@knarr/store/drivers/memory.ts";
import { ask, boats, BOATS, define, MERGE, version } from "../../testing/boats.ts";
import { startTestServer, type TestServer } from "../../testing/server.ts";
import { startWebhook, type Received, type TestWebhook } from "../../testing/webhook-server.ts";

const V2 = BOATS.replace("v1", "v2");
const integer = { type: "integer" } as const;

/** In v2 the crew is called sailors. */
const v2 = version("v2", {
  storage: false,
  schema: {
    openAPIV3Schema: {
      type: "object",
      properties: { spec: { type: "object", properties: { sailors: integer, color: { type: "string" } } } },
    },
  },
  selectableFields: [{ jsonPath: ".spec.sailors" }],
  additionalPrinterColumns: [{ name: "Sailors", type: "integer", jsonPath: ".spec.sailors" }],
});

function converted(object: any, apiVersion: string): object {
  const { crew, sailors, ...rest } = object.spec;
  const spec = apiVersion === "x.io/v2" ? { ...rest, sailors: crew } : { ...rest, crew: sailors };
  return { ...object, apiVersion, spec };
}

function review({ body: { request } }: Received, response: object = {}): object {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "ConversionReview",
    response: {
      uid: request.uid,
      result: { status: "Success" },
      convertedObjects: request.objects.map((object: object) => converted(object, request.desiredAPIVersion)),
      ...response,
    },
  };
}

interface Rig extends TestServer {
  readonly webhook: TestWebhook;
  readonly store: MemoryStore;
}

async function start(): Promise<Rig> {
  await using stack = new AsyncDisposableStack();
  const webhook = stack.use(await startWebhook((received) => review(received)));
  const store = new MemoryStore();
  const server = stack.use(await startTestServer({ store }));
  const definition = boats(version("v1"), v2);
  const { port, caBundle } = webhook;
  definition.spec.conversion = {
    strategy: "Webhook",
    webhook: {
      conversionReviewVersions: ["v2", "v1"],
      clientConfig: { url: `https://127.0.0.1:${port}/convert`, caBundle },
    },
  };
  await define(server, definition);
  const held = stack.move();
  return { ...server, webhook, store, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

const boat = (name: string, crew = 3): object => ({
  apiVersion: "x.io/v1",
  kind: "Boat",
  metadata: { name },
  spec: { crew },
});

const countOf = ({ body }: Received): number => body.request.objects.length;

test("what is stored in one version is read and written in the other", async () => {
  await using rig = await start();
  await ask(rig, "POST", BOATS, boat("a"));
  assert.equal(rig.webhook.received.length, 0, "nothing needed converting");
  const read = await ask(rig, "GET", `${V2}/a`);
  assert.deepEqual([read.apiVersion, read.spec], ["x.io/v2", { color: "red", sailors: 3 }]);
  const changed = await ask(rig, "PATCH", `${V2}/a`, { spec: { sailors: 5 } }, MERGE);
  assert.deepEqual([changed.spec.sailors, changed.metadata.generation], [5, 2]);
  const stored = await ask(rig, "GET", `${BOATS}/a`);
  assert.deepEqual([stored.apiVersion, stored.spec], ["x.io/v1", { crew: 5, color: "red" }]);
  const made = await ask(rig, "POST", V2, {
    ...boat("b"),
    apiVersion: "x.io/v2",
    spec: { sailors: 7, crew: 9 },
  });
  assert.deepEqual(made.spec, { sailors: 7, color: "red" });
  const { entries } = await rig.store.list("/registry/x.io/boats/", { limit: 9, count: false });
  for (const { value } of entries)
    assert.equal(JSON.parse(Buffer.from(value).toString()).apiVersion, "x.io/v1");
});

test("a list asks once for all that is not yet converted, and each state is converted once", async () => {
  await using rig = await start();
  for (const name of ["a", "b", "c"]) await ask(rig, "POST", BOATS, boat(name));
  const { received } = rig.webhook;
  const list = await ask(rig, "GET", V2);
  assert.deepEqual(
    list.items.map(({ apiVersion, spec }: any) => [apiVersion, spec.sailors]),
    [
      ["x.io/v2", 3],
      ["x.io/v2", 3],
      ["x.io/v2", 3],
    ],
  );
  assert.deepEqual(received.map(countOf), [3]);
  await ask(rig, "PATCH", `${BOATS}/b`, { spec: { crew: 4 } }, MERGE);
  await ask(rig, "GET", V2);
  await ask(rig, "GET", `${V2}/b`);
  assert.deepEqual(received.map(countOf), [3, 1]);
});

test("fields to select by and columns are those of the version", async () => {
  await using rig = await start();
  await ask(rig, "POST", BOATS, boat("a", 3));
  await ask(rig, "POST", BOATS, boat("b", 4));
  const selected = await ask(rig, "GET", `${V2}?fieldSelector=spec.sailors=4`);
  assert.deepEqual(
    selected.items.map(({ metadata }: any) => metadata.name),
    ["b"],
  );
  await assert.rejects(ask(rig, "GET", `${V2}?fieldSelector=spec.color=red`), {
    message: /field label not supported: spec\.color$/,
  });
  const table = await ask(rig, "GET", V2, undefined, {
    accept: "application/json;as=Table;v=v1;g=meta.k8s.io",
  });
  assert.deepEqual(
    table.rows.map(({ cells }: any) => cells),
    [
      ["a", 3],
      ["b", 4],
    ],
  );
});

test("a watch shows everything in its version, and in order", async () => {
  await using rig = await start();
  await ask(rig, "POST", BOATS, boat("a"));
  const end = new AbortController();
  const resource = { group: "x.io", version: "v2", kind: "Boat", plural: "boats", scope: "Namespaced" };
  const watch = rig.transport.watch(resource as never, {}, "0", end.signal);
  const seen: unknown[] = [];
  const writing = (async () => {
    await ask(rig, "PATCH", `${BOATS}/a`, { spec: { crew: 4 } }, MERGE);
    await ask(rig, "POST", V2, { ...boat("b"), apiVersion: "x.io/v2", spec: { sailors: 1 } });
    await ask(rig, "DELETE", `${BOATS}/a`);
  })();
  for await (const events of watch) {
    for (const { type, object } of events as any)
      if (type !== "BOOKMARK")
        seen.push([type, object.apiVersion, object.metadata.name, object.spec.sailors]);
    if (seen.some((event) => (event as unknown[])[0] === "DELETED")) end.abort();
  }
  await writing;
  assert.deepEqual(seen.slice(-3), [
    ["MODIFIED", "x.io/v2", "a", 4],
    ["ADDED", "x.io/v2", "b", 1],
    ["DELETED", "x.io/v2", "a", 4],
  ]);
});

test("field managers keep what is theirs under the names of the other version", async () => {
  await using rig = await start();
  await ask(rig, "POST", `${BOATS}?fieldManager=one`, boat("a"));
  await ask(rig, "PATCH", `${V2}/a?fieldManager=two`, { spec: { sailors: 5 } }, MERGE);
  const { metadata } = await ask(rig, "GET", `${V2}/a`);
  assert.deepEqual(
    metadata.managedFields.map(({ manager, apiVersion, fieldsV1 }: any) => [
      manager,
      apiVersion,
      Object.keys(fieldsV1["f:spec"]),
    ]),
    [
      ["one", "x.io/v1", [".", "f:color"]],
      ["two", "x.io/v2", ["f:sailors"]],
    ],
  );
});

const changed =
  (change: object) =>
  (received: Received): object => {
    const [object] = received.body.request.objects;
    return review(received, {
      convertedObjects: [{ ...converted(object, received.body.request.desiredAPIVersion), ...change }],
    });
  };

for (const [name, respond, message] of [
  [
    "says no",
    (received: Received) => review(received, { result: { status: "Failure", message: "too deep" } }),
    "conversion webhook for x.io/v1, Kind=Boat failed: too deep",
  ],
  [
    "says nothing",
    (received: Received) => review(received, { result: {} }),
    "conversion webhook for x.io/v1, Kind=Boat failed: response.result.status was '', not 'Success'",
  ],
  [
    "answers something else",
    () => ({ apiVersion: "v1", kind: "Pod" }),
    "conversion webhook for x.io/v1, Kind=Boat failed: expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got /v1, Kind=Pod",
  ],
  [
    "answers another question",
    (received: Received) => review(received, { uid: "other" }),
    /^conversion webhook for x\.io\/v1, Kind=Boat failed: expected response\.uid="[0-9a-f-]{36}", got "other"$/,
  ],
  [
    "loses an object",
    (received: Received) => review(received, { convertedObjects: [] }),
    "conversion webhook for x.io/v1, Kind=Boat returned 0 objects, expected 1",
  ],
  [
    "converts to another version",
    changed({ apiVersion: "x.io/v3" }),
    "conversion webhook for x.io/v1, Kind=Boat returned invalid object at index 0: invalid groupVersion (expected x.io/v2, received x.io/v3)",
  ],
  [
    "converts to another kind",
    changed({ kind: "Ship" }),
    "conversion webhook for x.io/v1, Kind=Boat returned invalid object at index 0: invalid kind (expected Boat, received Ship)",
  ],
  [
    "renames",
    (received: Received) =>
      changed({ metadata: { ...received.body.request.objects[0].metadata, name: "b" } })(received),
    "conversion webhook for x.io/v1, Kind=Boat returned invalid object: must have the same name: a != b",
  ],
  [
    "labels wrongly",
    (received: Received) =>
      changed({ metadata: { ...received.body.request.objects[0].metadata, labels: { a: 1 } } })(received),
    "conversion webhook for x.io/v1, Kind=Boat returned invalid metadata: metadata.labels[a] must be a string, but is int64 in converted object",
  ],
  [
    "is broken",
    (_received: Received, response: any) => {
      response.statusCode = 503;
      response.end("out of order");
      return undefined;
    },
    /^conversion webhook for x\.io\/v1, Kind=Boat failed: the server is currently unable to handle the request$/,
  ],
] as const) {
  test(`a webhook that ${name} is quoted, and what it cannot harm goes on`, async () => {
    await using rig = await start();
    const made = await ask(rig, "POST", BOATS, boat("a"));
    rig.webhook.respond = respond;
    await assert.rejects(ask(rig, "GET", `${V2}/a`), { code: 500, message });
    assert.deepEqual(await ask(rig, "GET", `${BOATS}/a`), made);
    rig.webhook.respond = (received) => review(received);
    assert.equal((await ask(rig, "GET", `${V2}/a`)).spec.sailors, 3);
  });
}

test("a webhook may change labels and annotations, and nothing else of the metadata", async () => {
  await using rig = await start();
  const made = await ask(rig, "POST", BOATS, boat("a"));
  const { metadata } = made;
  const labels = { sea: "north" };
  rig.webhook.respond = changed({
    metadata: { ...metadata, labels, generation: 9, finalizers: ["x.io/held"], resourceVersion: "1" },
  });
  assert.deepEqual((await ask(rig, "GET", `${V2}/a`)).metadata, { ...metadata, labels });
});
