/** HttpTransport against a real HTTP/2 server with TLS. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import {
  createSecureServer,
  type Http2SecureServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import { ApiError, isExpired } from "@knarr/machinery/status.ts";
import { tokenFromFile, type ClusterAccess } from "./access.ts";
import { HttpTransport } from "./http-transport.ts";
import type { WatchEvent } from "./transport.ts";

const signal = AbortSignal.timeout(10_000);
const folder = mkdtempSync(join(tmpdir(), "knarr-client-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const [certFile, keyFile] = [join(folder, "tls.crt"), join(folder, "tls.key")];
const made = spawnSync("openssl", [
  ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
  ...["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-out", certFile, "-keyout", keyFile],
]);
const skip = made.status === 0 ? false : "needs openssl";

interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is; more than one piece with a pause for the event loop in between. */
  readonly body?: readonly (string | object)[];
  readonly stayOpen?: boolean;
}

interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** A server that answers as told, and remembers what it was asked. */
async function serve(
  answer: (request: Received, count: number) => Answer,
  access: Partial<ClusterAccess> = {},
) {
  const received: Received[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const server: Http2SecureServer = createSecureServer({
    cert: readFileSync(certFile),
    key: readFileSync(keyFile),
  });
  server.on("session", (session) => sessions.add(session));
  server.on("stream", async (stream: ServerHttp2Stream, headers) => {
    stream.on("error", () => undefined);
    let body = "";
    for await (const chunk of stream) body += String(chunk);
    const request = { method: headers[":method"]!, path: headers[":path"]!, headers, body };
    received.push(request);
    const {
      status = 200,
      headers: more = {},
      body: pieces = [],
      stayOpen,
    } = answer(request, received.length);
    if (stream.destroyed) return;
    stream.respond({ ":status": status, "content-type": "application/json", ...more });
    for (const piece of pieces) {
      stream.write(typeof piece === "string" ? piece : JSON.stringify(piece));
      await new Promise(setImmediate);
    }
    if (!stayOpen) stream.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const transport = new HttpTransport({
    server: `https://127.0.0.1:${port}`,
    ca: readFileSync(certFile),
    userAgent: "knarr-test",
    ...access,
  });
  return {
    transport,
    received,
    dropConnections: () => sessions.forEach((session) => session.destroy()),
    connections: () => sessions.size,
    async [Symbol.asyncDispose]() {
      await transport[Symbol.asyncDispose]();
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test(
  "HttpTransport sends method, query, body and headers, and gives the answer with its warnings",
  { skip },
  async () => {
    await using world = await serve(
      () => ({
        status: 201,
        headers: { warning: '299 - "first", 299 - "say \\"second\\""' },
        body: [{ kind: "ConfigMap" }],
      }),
      { token: "secret" },
    );
    const { code, body, warnings } = await world.transport.request({
      method: "POST",
      path: "/api/v1/namespaces/default/configmaps",
      query: { fieldManager: "me & you", dryRun: undefined, force: true },
      body: { data: { a: "ü" } },
    });
    assert.deepEqual(
      { code, body, warnings },
      { code: 201, body: { kind: "ConfigMap" }, warnings: ["first", 'say "second"'] },
    );
    const [request] = world.received;
    assert.equal(
      request!.path,
      "/api/v1/namespaces/default/configmaps?fieldManager=me%20%26%20you&force=true",
    );
    assert.deepEqual(JSON.parse(request!.body), { data: { a: "ü" } });
    assert.equal(request!.headers["authorization"], "Bearer secret");
    assert.equal(request!.headers["user-agent"], "knarr-test");
  },
);

test("HttpTransport throws the ApiError that the server sent", { skip }, async () => {
  const status = {
    kind: "Status",
    status: "Failure",
    message: 'pods "x" not found',
    reason: "NotFound",
    code: 404,
    details: { name: "x" },
  };
  await using world = await serve(() => ({ status: 404, body: [status] }));
  const asked = world.transport.request({ method: "GET", path: "/api/v1/namespaces/default/pods/x" });
  await assert.rejects(
    asked,
    (err) =>
      err instanceof ApiError &&
      err.reason === "NotFound" &&
      err.message === status.message &&
      err.details?.name === "x",
  );
});

test("HttpTransport asks again when the server says when to", { skip }, async () => {
  await using world = await serve((_request, count) =>
    count < 3 ? { status: 429, headers: { "retry-after": "0" } } : { body: [{ ok: true }] },
  );
  assert.deepEqual((await world.transport.request({ method: "GET", path: "/x" })).body, { ok: true });
  assert.equal(world.received.length, 3);
});

test(
  "HttpTransport uses one connection for many requests, and a new one when it broke",
  { skip },
  async () => {
    await using world = await serve(() => ({ body: [{}] }));
    await Promise.all(
      Array.from({ length: 50 }, () => world.transport.request({ method: "GET", path: "/x" })),
    );
    assert.equal(world.connections(), 1);
    world.dropConnections();
    await new Promise(setImmediate);
    for (let tries = 0; tries < 5; tries++) {
      // The first request after the break may still meet the broken connection.
      if (
        await world.transport.request({ method: "GET", path: "/x" }).then(
          () => true,
          () => false,
        )
      )
        break;
    }
    assert.equal(world.connections(), 2);
  },
);

test("HttpTransport lists with selection, and gives items their kind", { skip }, async () => {
  const list = {
    kind: "ConfigMapList",
    metadata: { resourceVersion: "7" },
    items: [{ metadata: { name: "a" } }],
  };
  await using world = await serve(() => ({ body: [list] }));
  const { items, metadata } = await world.transport.list(
    configMap,
    { namespace: "default", labelSelector: "a=b" },
    signal,
  );
  assert.equal(world.received[0]!.path, "/api/v1/namespaces/default/configmaps?labelSelector=a%3Db");
  assert.deepEqual(items, [{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } }]);
  assert.equal(metadata.resourceVersion, "7");
});

test(
  "HttpTransport watches: events as lines, however they are cut, until the server ends",
  { skip },
  async () => {
    const line = (type: string, name: string) =>
      `${JSON.stringify({ type, object: { metadata: { name, resourceVersion: "8" } } })}\n`;
    const text = line("ADDED", "a") + line("MODIFIED", "b") + line("BOOKMARK", "");
    await using world = await serve(() => ({
      body: [text.slice(0, 30), text.slice(30, 90), text.slice(90)],
    }));
    const events: WatchEvent[] = [];
    for await (const batch of world.transport.watch(configMap, {}, "7", signal)) events.push(...batch);
    assert.deepEqual(
      events.map(({ type }) => type),
      ["ADDED", "MODIFIED", "BOOKMARK"],
    );
    assert.match(
      world.received[0]!.path,
      /watch=true&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=\d+$/,
    );
  },
);

test("HttpTransport.watch throws Expired for an ERROR event and for an answer of 410", { skip }, async () => {
  const gone = {
    kind: "Status",
    status: "Failure",
    reason: "Expired",
    code: 410,
    message: "too old resource version",
  };
  await using world = await serve((_request, count) =>
    count === 1 ? { body: [{ type: "ERROR", object: gone }, "\n"] } : { status: 410, body: [gone] },
  );
  for (let i = 0; i < 2; i++) {
    const watch = world.transport.watch(configMap, {}, "1", signal)[Symbol.asyncIterator]();
    await assert.rejects(watch.next(), isExpired);
  }
});

test("HttpTransport.watch ends when aborted, and throws when the connection breaks", { skip }, async () => {
  const line = `${JSON.stringify({ type: "ADDED", object: { metadata: { name: "a" } } })}\n`;
  await using world = await serve(() => ({ body: [line], stayOpen: true }));
  const stop = new AbortController();
  const aborted = world.transport.watch(configMap, {}, "1", stop.signal)[Symbol.asyncIterator]();
  await aborted.next();
  stop.abort();
  assert.equal((await aborted.next()).done, true);

  const broken = world.transport.watch(configMap, {}, "1", signal)[Symbol.asyncIterator]();
  await broken.next();
  world.dropConnections();
  await assert.rejects(async () => {
    if ((await broken.next()).done) throw new Error("ended");
  });
});

test("HttpTransport says what it could not connect to", { skip }, async () => {
  const world = await serve(() => ({}));
  await world[Symbol.asyncDispose]();
  const elsewhere = new HttpTransport({ server: "https://127.0.0.1:1", ca: readFileSync(certFile) });
  await assert.rejects(
    elsewhere.request({ method: "GET", path: "/x" }),
    /Cannot connect to https:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/,
  );
});

test("tokenFromFile reads a replaced token, but not for every request", async () => {
  const file = join(folder, "token");
  let now = 0;
  const clock = { now: () => now, sleep: () => Promise.resolve() };
  writeFileSync(file, "one\n");
  const token = tokenFromFile(file, clock);
  assert.equal(await token(), "one");
  rmSync(file);
  assert.equal(await token(), "one");
  writeFileSync(file, "two");
  now = 20_000;
  assert.equal(await token(), "two");
});
