/** Clients learn of a custom kind when it comes, and that it has gone; what they know of others stays true. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { customResourceDefinition } from "@knarr/kinds/apiextensions/custom-resource-definition.ts";
import { define, until } from "../testing/boats.ts";
import { startSecureServer, type SecureServer } from "../testing/secure-server.ts";

const read = async (rig: SecureServer, path: string, accept = "application/json"): Promise<any> =>
  JSON.parse((await rig.get(path, { accept })).body.toString());

async function remove(rig: SecureServer): Promise<void> {
  await rig.api.delete(customResourceDefinition, "boats.x.io");
  await until(rig, "boats.x.io", (found) => found === undefined);
  while ((await rig.get("/apis/x.io")).code !== 404) await new Promise((resolve) => setImmediate(resolve));
}

test("OpenAPI has a custom kind while it is served, and the documents of others stay as they are", async () => {
  await using rig = await startSecureServer();
  const { paths: before } = await read(rig, "/openapi/v3");
  await define(rig);
  const { paths } = await read(rig, "/openapi/v3");
  assert.deepEqual(
    Object.keys(paths).filter((path) => paths[path].serverRelativeURL !== before[path]?.serverRelativeURL),
    ["apis/x.io/v1"],
  );
  const { components } = await read(rig, paths["apis/x.io/v1"].serverRelativeURL);
  assert.equal(components.schemas["io.x.v1.Boat"].properties.spec.properties.crew.maximum, 30);
  const { paths: operations, definitions } = await read(rig, "/openapi/v2");
  assert.ok(operations["/apis/x.io/v1/namespaces/{namespace}/boats/{name}"].patch);
  assert.ok(definitions["io.x.v1.Boat"] && definitions["io.x.v1.BoatList"]);
  await remove(rig);
  assert.deepEqual((await read(rig, "/openapi/v3")).paths, before);
  assert.equal((await read(rig, "/openapi/v2")).definitions["io.x.v1.Boat"], undefined);
});

test("discovery has it too, in both forms, under another ETag", async () => {
  await using rig = await startSecureServer();
  const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
  const { etag } = (await rig.get("/apis", { accept })).headers;
  const known = { accept, "if-none-match": etag! };
  assert.equal((await rig.get("/apis", known)).code, 304);
  await define(rig);
  const { code, body } = await rig.get("/apis", known);
  assert.equal(code, 200);
  const { items } = JSON.parse(body.toString());
  const [{ resources }] = items.find(({ metadata }: any) => metadata.name === "x.io").versions;
  assert.deepEqual(
    resources[0].subresources.map(({ subresource, responseKind }: any) => [subresource, responseKind.kind]),
    [
      ["status", "Boat"],
      ["scale", "Scale"],
    ],
  );
  assert.deepEqual(
    (await read(rig, "/apis/x.io/v1")).resources.map(({ name }: any) => name),
    ["boats", "boats/status", "boats/scale"],
  );
  await remove(rig);
  assert.equal((await rig.get("/apis", known)).code, 304);
});
