/** The server over real sockets: who gets in, in which version of HTTP, and what is on the wire. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2, type ClientHttp2Session } from "node:http2";
import { createServer as createHttpsServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { node } from "@knarr/kinds/core/node.ts";
import { pod } from "@knarr/kinds/core/pod.ts";
import { silent, type Fields, type Logger } from "@knarr/std/log.ts";
import { Metrics } from "@knarr/std/metrics.ts";
import { TestAuthority, type PemPair } from "../testing/certificates.ts";
import { startSecureServer, testCertificates, type Answer } from "../testing/secure-server.ts";

const { authority, serving, admin } = testCertificates;

const json = ({ body }: Answer): any => JSON.parse(body.toString());
const configMap = (data: object): string =>
  JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data });
const COLLECTION = "/api/v1/namespaces/default/configmaps";
const JSON_BODY = { "content-type": "application/json" };

test("a client certificate says who is asking; without one it is anonymous; a wrong one is refused", async () => {
  await using rig = await startSecureServer();
  const who = async (as: PemPair | "nobody"): Promise<Answer> => rig.get("/api/v1/nodes", {}, { as });
  assert.equal((await who(admin)).code, 200);
  const jane = json(await who(await authority.client("jane")));
  assert.match(jane.message, /User "jane" cannot list resource "nodes"/);
  assert.match(json(await who("nobody")).message, /User "system:anonymous" cannot list/);
  const stranger = await (await TestAuthority.create("another")).client("admin", ["system:masters"]);
  assert.equal((await who(stranger)).code, 401);
  assert.equal((await rig.get("/healthz", {}, { as: "nobody" })).body.toString(), "ok");
});

test("a renewed certificate is shown from then on, and clients are known as before", async () => {
  await using rig = await startSecureServer();
  const shown = async (): Promise<string> => {
    const socket = await rig.connect();
    const { fingerprint256 } = socket.getPeerX509Certificate()!;
    socket.destroy();
    return fingerprint256;
  };
  const before = await shown();
  const { certificate, key } = await authority.server();
  rig.server.renewCertificate(certificate, key);
  assert.notEqual(await shown(), before);
  assert.equal((await rig.get("/api/v1/nodes")).code, 200);
});

test("the same is answered over HTTP/2, each request with an id of its own", async () => {
  await using rig = await startSecureServer();
  const session = connectHttp2(`https://127.0.0.1:${rig.port}`, {
    ca: authority.certificate,
    cert: admin.certificate,
    key: admin.key,
  });
  const [first, second] = await Promise.all([over(session, "/version"), over(session, "/api/v1/pods")]);
  session.close();
  assert.equal(JSON.parse(first.body).minor, "36");
  assert.equal(JSON.parse(second.body).kind, "PodList");
  assert.ok(first.auditId && first.auditId !== second.auditId);
});

test("every answer has an Audit-ID, the client's if it sends one, and a fault of ours is logged under it", async () => {
  const failed: Fields[] = [];
  const log = { ...silent, error: (_: string, fields: Fields = {}) => void failed.push(fields) };
  const metrics = new Metrics();
  metrics.read({ name: "broken", help: "Cannot be read." }, () => {
    throw new TypeError("no figure");
  });
  await using rig = await startSecureServer({ log, metrics });
  for (const [path, code] of [
    ["/version", 200],
    ["/nowhere", 404],
    ["/api/v1/namespaces/none", 404],
    ["/api/v1/pods?limit=x", 400],
    ["/metrics", 500],
  ] as const) {
    const answer = await rig.get(path);
    assert.deepEqual(
      [answer.code, /^[0-9a-f-]{36}$/.test(String(answer.headers["audit-id"]))],
      [code, true],
      path,
    );
  }
  assert.equal((await rig.get("/api/v1/nodes", {}, { as: "nobody" })).headers["audit-id"]?.length, 36);
  const mine = await rig.get("/metrics", { "audit-id": "mine" });
  assert.equal(mine.headers["audit-id"], "mine");
  assert.deepEqual(failed.map(({ auditId, path }) => [auditId, path]).at(-1), ["mine", "/metrics"]);
});

function over(session: ClientHttp2Session, path: string): Promise<{ body: string; auditId: string }> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ":path": path });
    let auditId = "";
    let body = "";
    stream.on("response", (headers) => (auditId = String(headers["audit-id"])));
    stream.on("data", (chunk) => (body += chunk));
    stream.on("end", () => resolve({ body, auditId }));
    stream.on("error", reject);
  });
}

test("warnings travel in headers", async () => {
  await using rig = await startSecureServer();
  const body = configMap({}).replace('"data"', '"daten"');
  const { code, headers } = await rig.get(COLLECTION, JSON_BODY, { method: "POST", body });
  assert.equal(code, 201);
  assert.equal(headers["warning"], String.raw`299 - "unknown field \"daten\""`);
});

test("a body of more than three megabytes is not read", async () => {
  await using rig = await startSecureServer();
  const body = configMap({ key: "x".repeat(4 << 20) });
  const { code } = await rig.get(COLLECTION, JSON_BODY, { method: "POST", body });
  assert.equal(code, 413);
});

test("a client that leaves in the middle of its body is no error of the server's", async () => {
  const errors: string[] = [];
  const log: Logger = { ...silent, error: (message) => void errors.push(message), with: () => log };
  {
    await using rig = await startSecureServer({ log });
    const session = connectHttp2(`https://127.0.0.1:${rig.port}`, {
      ca: authority.certificate,
      cert: admin.certificate,
      key: admin.key,
    });
    const stream = session.request({ ":method": "POST", ":path": COLLECTION, "content-length": "100" });
    stream.on("error", () => {}); // which is what it does
    stream.write("{");
    await over(session, "/healthz"); // by now the server waits for the rest
    stream.close(8);
    await over(session, "/healthz");
    session.close();
  }
  assert.deepEqual(errors, []);
});

test("large answers are compressed for those who take it", async () => {
  await using rig = await startSecureServer();
  const body = configMap({ key: "x".repeat(200_000) });
  await rig.get(COLLECTION, JSON_BODY, { method: "POST", body });
  const plain = await rig.get(COLLECTION);
  const small = await rig.get(COLLECTION, { "accept-encoding": "gzip" });
  assert.equal(small.headers["content-encoding"], "gzip");
  assert.ok(small.body.length < 10_000);
  assert.deepEqual(JSON.parse(gunzipSync(small.body).toString()), json(plain));
});

test("what is no path of the API is 404, plain for strangers, a Status inside a group", async () => {
  await using rig = await startSecureServer();
  for (const [path, want] of [
    ["/nope", "404 page not found\n"],
    ["/apis/nope.io/v1/things", "404 page not found\n"],
    ["/apis/apps/v1/things", "the server could not find the requested resource"],
    ["/apis/apps/v9/things", "the server could not find the requested resource"],
    ["/api/v1/pods/x", "the server could not find the requested resource"],
  ] as const) {
    const answer = await rig.get(path);
    assert.equal(answer.code, 404, path);
    assert.equal(
      answer.headers["content-type"]?.includes("json") ? json(answer).message : String(answer.body),
      want,
    );
  }
});

test("a watch streams what happens and ends in its time", async () => {
  await using rig = await startSecureServer();
  const watching = rig.get(`${COLLECTION}?watch=1&timeoutSeconds=1&resourceVersion=0`);
  await rig.get(COLLECTION, JSON_BODY, { method: "POST", body: configMap({}) });
  const lines = (await watching).body.toString().trim().split("\n");
  const { type, object } = JSON.parse(lines.at(-1)!);
  assert.deepEqual([type, object.metadata.name], ["ADDED", "a"]);
});

test("a watch whose time is over before it begins ends at once", async () => {
  await using rig = await startSecureServer();
  assert.equal((await rig.get(`${COLLECTION}?watch=1&timeoutSeconds=-1`)).code, 200);
});

test("a watch of one name takes the name as it is, whatever selectors would make of it", async () => {
  await using rig = await startSecureServer();
  const name = encodeURIComponent("a=b,!c");
  assert.equal(
    (await rig.get(`/api/v1/watch/namespaces/default/configmaps/${name}?timeoutSeconds=1`)).code,
    200,
  );
});

test("a selector may be long", async () => {
  await using rig = await startSecureServer();
  const selector = encodeURIComponent(`a in (${Array.from({ length: 10_000 }, (_, i) => `v${i}`).join()})`);
  assert.equal((await rig.get(`${COLLECTION}?labelSelector=${selector}`)).code, 200);
});

test("CONNECT is a method that no resource has", async () => {
  await using rig = await startSecureServer();
  const options = {
    servername: "localhost",
    ca: authority.certificate,
    cert: admin.certificate,
    key: admin.key,
  };
  const asked = request({
    host: "127.0.0.1",
    port: rig.port,
    method: "CONNECT",
    path: COLLECTION,
    ...options,
  });
  asked.end();
  const [response] = await once(asked, "connect");
  assert.equal(response.statusCode, 405);
  response.socket.destroy();
});

test("ending the server ends its watches and frees its port", async () => {
  const rig = await startSecureServer();
  const watching = rig.get(`${COLLECTION}?watch=1`);
  await rig.get("/healthz");
  await rig[Symbol.asyncDispose]();
  assert.equal((await watching).code, 200);
  await assert.rejects(rig.get("/healthz"), /ECONNREFUSED/);
});

test("exec and logs by WebSocket are handed to the node's agent, with our certificate, without the client's credentials", async () => {
  const kubelet = await authority.client("kube-apiserver-kubelet-client", ["system:masters"]);
  const seen: { url?: string; peer?: string; authorization?: string | undefined } = {};
  const agent = createHttpsServer({
    cert: serving.certificate,
    key: serving.key,
    ca: authority.certificate,
    requestCert: true,
  });
  agent.on("upgrade", (request, socket) => {
    Object.assign(seen, { url: request.url, authorization: request.headers.authorization });
    seen.peer = (request.socket as any).getPeerX509Certificate().subject;
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    socket.pipe(socket);
  });
  agent.listen(0, "127.0.0.1");
  await once(agent, "listening");
  const { port } = agent.address() as AddressInfo;
  await using rig = await startSecureServer({ kubeletClient: { ...kubelet, ca: authority.certificate } });
  await rig.api.create(node, {
    metadata: { name: "n1" },
    status: {
      addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
      daemonEndpoints: { kubeletEndpoint: { Port: port } },
    },
  } as never);
  const spec = { nodeName: "n1", containers: [{ name: "c", image: "i" }] };
  await rig.api.create(pod, { metadata: { name: "p", namespace: "default" }, spec } as never);

  const converse = async (path: string): Promise<string | undefined> => {
    const socket = await rig.connect();
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
    const [head] = (await once(socket, "data")) as [Buffer];
    assert.match(head.toString(), /^HTTP\/1.1 101 /);
    socket.write("ping");
    const [echo] = (await once(socket, "data")) as [Buffer];
    assert.equal(echo.toString(), "ping");
    socket.destroy();
    return seen.url;
  };
  const pods = "/api/v1/namespaces/default/pods/p";
  const exec = `${pods}/exec?command=ls&command=-l&stdout=true`;
  assert.equal(await converse(exec), "/exec/default/p/c?output=1&command=ls&command=-l");
  assert.match(seen.peer!, /CN=kube-apiserver-kubelet-client/);
  assert.equal(seen.authorization, undefined);
  assert.equal(
    await converse(`${pods}/log?tailLines=1`),
    "/containerLogs/default/p/c?tailLines=1&stream=All",
  );
  agent.close();
  agent.closeAllConnections();
  assert.equal((await rig.get(exec)).code, 400); // no upgrade, no exec
});
