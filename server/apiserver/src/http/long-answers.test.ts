/** Long answers over real sockets: lists in pieces, whole for who reads, and no burden from who does not. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type ClientHttp2Session } from "node:http2";
import { after, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import { startSecureServer, testCertificates, type SecureServer } from "../testing/secure-server.ts";
import { sendPieces } from "./send-pieces.ts";

const { authority, admin } = testCertificates;
const COLLECTION = "/api/v1/namespaces/default/configmaps";
const COUNT = 1200;

/** With more than ten megabytes of ConfigMaps. */
async function startFull(): Promise<SecureServer> {
  const rig = await startSecureServer();
  const text = "äx".repeat(3000);
  await Promise.all(
    Array.from({ length: COUNT }, (_, i) =>
      rig.api.create(configMap, {
        metadata: { name: `c-${i}`, namespace: "default" },
        data: { text },
      }),
    ),
  );
  return rig;
}

const rig = await startFull();
after(() => rig[Symbol.asyncDispose]());

test("a long list is sent in pieces, over both versions of HTTP, compressed or not", async () => {
  using session = over2(rig);
  const inProcess = await rig.api.list(configMap, { namespace: "default" });
  for (const body of [
    (await rig.get(COLLECTION)).body,
    gunzipSync((await rig.get(COLLECTION, { "accept-encoding": "gzip" })).body),
    await session.get(COLLECTION),
  ]) {
    const { kind, metadata, items } = JSON.parse(body.toString());
    assert.deepEqual([kind, metadata.resourceVersion], ["ConfigMapList", inProcess.metadata.resourceVersion]);
    assert.deepEqual(
      items,
      inProcess.items.map(({ kind: _kind, apiVersion: _apiVersion, ...rest }: any) => rest),
    );
  }
  const first = JSON.parse((await rig.get(`${COLLECTION}?limit=1100`)).body.toString());
  assert.deepEqual([first.items.length, first.metadata.remainingItemCount], [1100, 100]);
});

for (const as of ["Table", "PartialObjectMetadataList"])
  test(`a long list as ${as} is the short ones together`, async () => {
    const read = async (query: string): Promise<any> => {
      const accept = `application/json;as=${as};v=v1;g=meta.k8s.io`;
      return JSON.parse((await rig.get(`${COLLECTION}${query}`, { accept })).body.toString());
    };
    const whole = await read("");
    const part = await read("?limit=1000");
    const rest = await read(`?limit=1000&continue=${part.metadata.continue}`);
    const field = as === "Table" ? "rows" : "items";
    for (const { cells } of [whole, part, rest].flatMap((list) => list.rows ?? [])) cells.pop(); // ages
    assert.deepEqual(whole, {
      ...part,
      metadata: { resourceVersion: whole.metadata.resourceVersion },
      [field]: [...part[field], ...rest[field]],
    });
    assert.equal(whole[field].length, COUNT);
  });

test("who does not read a long list gets what its window takes and no more; others are answered meanwhile", async () => {
  using session = over2(rig);
  const stalled = session.open(COLLECTION);
  await once(stalled, "response");
  assert.equal(JSON.parse((await session.get(`${COLLECTION}/c-1`)).toString()).metadata.name, "c-1");
  const chunks: Buffer[] = [];
  for await (const chunk of stalled) chunks.push(chunk);
  assert.equal(JSON.parse(Buffer.concat(chunks).toString()).items.length, COUNT);
});

test("sendPieces makes no piece before the one before it is taken, and cuts who takes none", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const made: number[] = [];
  function* pieces(): Generator<Buffer> {
    for (let i = 0; i < 5; i++) {
      made.push(i);
      yield Buffer.from("x");
    }
  }
  let drain = (): void => {};
  const closed = Promise.withResolvers<void>();
  let isCut = false;
  const sending = sendPieces(
    {
      closed: closed.promise,
      start() {},
      write: () => false,
      onDrain: (listener) => (drain = listener),
      end() {},
      abort: () => ((isCut = true), closed.resolve()),
    },
    pieces(),
  );
  await new Promise(setImmediate);
  assert.deepEqual(made, [0]);
  t.mock.timers.tick(59_000);
  drain();
  await new Promise(setImmediate);
  assert.deepEqual([made, isCut], [[0, 1], false]);
  t.mock.timers.tick(59_000);
  assert.equal(isCut, false);
  t.mock.timers.tick(1_000);
  assert.equal(await sending, 2);
  assert.ok(isCut);
});

function over2({ port }: SecureServer) {
  const session: ClientHttp2Session = connect(`https://127.0.0.1:${port}`, {
    ca: authority.certificate,
    cert: admin.certificate,
    key: admin.key,
  });
  const open = (path: string) => session.request({ ":path": path });
  return {
    open,
    async get(path: string): Promise<Buffer> {
      const chunks: Buffer[] = [];
      for await (const chunk of open(path)) chunks.push(chunk);
      return Buffer.concat(chunks);
    },
    [Symbol.dispose]: () => session.destroy(),
  };
}
