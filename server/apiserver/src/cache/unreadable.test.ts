/** Objects that nobody can read stop nothing but what they belong to, are told of, and can be taken away. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createApi } from "@knarr/client/create-api.ts";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import { service } from "@knarr/kinds/core/service.ts";
import { secret } from "@knarr/kinds/core/secret.ts";
import { groups } from "@knarr/kinds/kinds.ts";
import { collectionPath } from "@knarr/client/paths.ts";
import { ApiError } from "@knarr/machinery/status.ts";
import { MemoryStore } from "@knarr/store/drivers/memory.ts";
import { EncryptedStore } from "@knarr/store/encryption/encrypted-store.ts";
import { KeyFile } from "@knarr/store/encryption/key-file.ts";
import { isStored } from "../registry/registry.ts";
import { createApiServer, type ApiServer } from "../server.ts";
import { testCertificates } from "../testing/secure-server.ts";
import { ADMIN } from "../testing/server.ts";
import { storePrefix } from "./store-keys.ts";

const folder = mkdtempSync(join(tmpdir(), "knarr-unreadable-"));
after(() => rmSync(folder, { recursive: true }));

const IGNORE = { ignoreStoreReadErrorWithClusterBreakingPotential: true };
const DAMAGED = Buffer.from('{"kind":"Conf');

function rig(server: ApiServer) {
  const transport = server.inProcess(ADMIN, "test");
  return { transport, api: createApi(transport) };
}

async function failure(asked: Promise<unknown>): Promise<any> {
  try {
    await asked;
  } catch (err) {
    if (err instanceof ApiError) return err.toJSON();
    throw err;
  }
  throw new Error("It was not refused");
}

test("an object with damaged bytes: reads, lists and writes of it say so, all others are served, and it can be discarded", async () => {
  await using store = new MemoryStore();
  await using server = await createApiServer({ store });
  const { api } = rig(server);
  for (const name of ["good", "bad"])
    await api.create(configMap, { metadata: { name, namespace: "default" } });
  const { revision } = (await store.get("/registry/configmaps/default/bad"))!;
  await store.put("/registry/configmaps/default/bad", DAMAGED, revision);

  await using again = await createApiServer({ store });
  const { api: late, transport } = rig(again);
  const bad = "default/bad";
  const told = /StorageError: corrupt object, Code: 7, Key: \/registry\/configmaps\/default\/bad, .*JSON/;
  for (const asked of [
    late.get(configMap, bad),
    late.update(configMap, { metadata: { name: "bad", namespace: "default" } }),
    late.patch(configMap, bad, { data: { a: "1" } }),
    late.delete(configMap, bad),
  ]) {
    const { code, reason, message } = await failure(asked);
    assert.deepEqual([code, reason], [500, "InternalError"]);
    assert.match(message, told);
  }
  assert.equal(
    (await failure(late.create(configMap, { metadata: { name: "bad", namespace: "default" } }))).reason,
    "AlreadyExists",
  );
  for (const selection of [{}, { namespace: "default" }]) {
    const { details, ...status } = await failure(late.list(configMap, selection));
    assert.deepEqual(
      [status.code, status.reason, status.message],
      [500, "StorageReadError", "failed to read one or more configmaps from the storage"],
    );
    assert.deepEqual([details.name, details.kind], ["list", "configmaps"]);
    assert.deepEqual(
      details.causes.map(({ reason, field }: any) => [reason, field]),
      [["UnexpectedServerResponse", "/registry/configmaps/default/bad"]],
    );
  }
  assert.match(
    String((await transport.request({ method: "GET", path: "/metrics" })).body),
    /^apiserver_storage_decode_errors_total\{group="",resource="configmaps"\} 1$/m,
  );
  assert.equal((await late.get(configMap, "default/good")).metadata.name, "good");
  assert.ok((await late.list(configMap, { namespace: "kube-system" })).items);
  await late.patch(configMap, "default/good", { data: { a: "1" } });

  const request = { method: "DELETE", path: "/api/v1/namespaces/default/configmaps/bad" } as const;
  const wrong = await failure(transport.request({ ...request, body: { ...IGNORE, dryRun: ["All"] } }));
  assert.match(wrong.message, /cannot be set together with \.dryRun/);
  const asNobody = again.inProcess({ name: "jane", groups: ["system:authenticated"] }, "test");
  assert.equal((await failure(asNobody.request({ ...request, body: IGNORE }))).code, 403);
  const { body } = await transport.request({ ...request, query: IGNORE });
  assert.deepEqual((body as any).details, { name: "bad", kind: "ConfigMap" });
  assert.equal((await failure(late.get(configMap, bad))).code, 404);
  assert.deepEqual(
    (await late.list(configMap, { namespace: "default" })).items.map(({ metadata }) => metadata.name),
    ["good"],
  );
});

test("a server starts though an object of every kind is unreadable, and each can be discarded", async () => {
  await using store = new MemoryStore();
  const resources = groups
    .filter(({ isOffByDefault }) => !isOffByDefault)
    .flatMap((group) => group.resources.filter(isStored));
  const kinds = new Map(resources.map((resource) => [storePrefix(resource), resource]));
  for (const [prefix, { scope }] of kinds)
    await store.put(`${prefix}${scope === "Namespaced" ? "default/" : ""}bad`, DAMAGED, 0);
  await using server = await createApiServer({ store });
  const { transport } = rig(server);
  const failed: string[] = [];
  for (const resource of kinds.values()) {
    const path = collectionPath(resource, resource.scope === "Namespaced" ? "default" : undefined);
    const before = await failure(transport.request({ method: "GET", path })).catch(() => ({}));
    if (before.reason !== "StorageReadError") failed.push(`${path} was read`);
    await transport
      .request({ method: "DELETE", path: `${path}/bad`, body: IGNORE })
      .catch((err) => failed.push(`${path}: ${err}`));
    await transport.request({ method: "GET", path }).catch((err) => failed.push(`${path}: ${err}`));
  }
  assert.deepEqual(failed, []);
});

test("what the server publishes of itself is made anew; without the namespace default it says what cannot be read", async () => {
  await using store = new MemoryStore();
  const { serving, authority } = testCertificates;
  const listen = { host: "127.0.0.1", port: 0, ...serving, clientCa: authority.certificate };
  const start = () => createApiServer({ store, listen, advertiseAddress: "10.0.0.9" });
  const damage = async (key: string) => store.put(key, DAMAGED, (await store.get(key))!.revision);
  await (await start())[Symbol.asyncDispose]();
  for (const own of ["services/specs", "services/endpoints", "endpointslices"])
    await damage(`/registry/${own}/default/kubernetes`);
  await damage("/registry/configmaps/kube-system/extension-apiserver-authentication");
  {
    await using server = await start();
    assert.equal((await rig(server).api.get(service, "default/kubernetes")).spec!.clusterIP, "10.43.0.1");
  }
  await damage("/registry/namespaces/default");
  await assert.rejects(start(), /corrupt object, .* Key: \/registry\/namespaces\/default,/);
});

test("a Secret whose key is not known is one that cannot be read; watches that miss a change to one are told to list", async () => {
  await using raw = new MemoryStore();
  const keyFile = new KeyFile(join(folder, "secrets.key"));
  await using store = await EncryptedStore.open({ store: raw, keyFile, prefixes: ["/registry/secrets/"] });
  await using server = await createApiServer({ store });
  const { api, transport } = rig(server);
  for (const name of ["good", "bad"]) await api.create(secret, { metadata: { name, namespace: "default" } });
  const { metadata } = await api.list(secret, { namespace: "default" });
  const watch = transport
    .watch(secret, {}, metadata!.resourceVersion!, AbortSignal.timeout(10_000))
    [Symbol.asyncIterator]();
  const next = watch.next();
  await new Promise(setImmediate);
  // Another server, with a key of its own, has written it.
  const { revision } = (await raw.get("/registry/secrets/default/bad"))!;
  await raw.put(
    "/registry/secrets/default/bad",
    Buffer.from("k8s:enc:aesgcm:v1:other:0123456789abcdef0123456789abcdef"),
    revision,
  );
  assert.equal((await failure(next)).code, 410);
  const { details } = await failure(api.list(secret, {}));
  assert.match(details.causes[0].message, /encrypted with the key "other"/);
  assert.equal((await failure(api.get(secret, "default/bad"))).code, 500);
  assert.equal((await api.get(secret, "default/good")).metadata.name, "good");
  await transport.request({ method: "DELETE", path: "/api/v1/namespaces/default/secrets/bad", body: IGNORE });
  assert.equal((await api.list(secret, {})).items.length, 1);
  const early = transport.watch(secret, {}, metadata!.resourceVersion!, AbortSignal.timeout(10_000));
  assert.equal((await failure(early[Symbol.asyncIterator]().next())).code, 410);
});
