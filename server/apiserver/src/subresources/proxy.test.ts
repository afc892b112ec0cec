/** Requests go on to pods, Services and nodes, whatever their method, and come back as they are. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { connect as connectHttp2 } from "node:http2";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { node } from "@knarr/kinds/core/node.ts";
import { pod } from "@knarr/kinds/core/pod.ts";
import { service } from "@knarr/kinds/core/service.ts";
import { endpointSlice } from "@knarr/kinds/discovery/endpoint-slice.ts";
import {
  ownAddress,
  startSecureServer,
  testCertificates,
  type SecureServer,
} from "../testing/secure-server.ts";

const address = ownAddress()!;
const skip = address ? false : "needs an address beside the loopback";
const { serving, authority, admin } = testCertificates;

/** An application: says what it was asked. Below `/html` it links to itself, below `/away` it sends elsewhere. */
async function startApplication(server: Server): Promise<Server & AsyncDisposable> {
  server.on("request", async (request: IncomingMessage, response) => {
    const { method, url = "", headers } = request;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    if (url === "/html") response.setHeader("content-type", "text/html").end('<a href="/x">x</a>');
    else if (url.startsWith("/away")) response.writeHead(302, { location: "/there" }).end();
    else response.setHeader("x-mine", "yes").end(JSON.stringify({ method, url, body, headers }));
  });
  server.on("upgrade", (request: IncomingMessage, socket) => {
    if (request.url !== "/chat")
      return void socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n");
    socket.pipe(socket);
  });
  server.listen(0, address);
  await once(server, "listening");
  return Object.assign(server, {
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  });
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
const json = ({ body }: { readonly body: Buffer }): any => JSON.parse(body.toString());
const PODS = "/api/v1/namespaces/default/pods";
const SERVICES = "/api/v1/namespaces/default/services";

/** Pod `p` and Service `s` with the application's port as `web` (80). */
async function withPod(rig: SecureServer, port: number): Promise<void> {
  const metadata = { name: "p", namespace: "default", labels: { app: "p" } };
  const containers = [{ name: "c", image: "i", ports: [{ containerPort: port }] }];
  await rig.api.create(pod, { metadata, spec: { containers } } as never);
  const status = { podIP: address, podIPs: [{ ip: address }] };
  await rig.api.patch(pod, "default/p", { status }, { subresource: "status" });
  const named = { name: "s", namespace: "default" };
  await rig.api.create(service, { metadata: named, spec: { ports: [{ name: "web", port: 80 }] } } as never);
  await rig.api.create(endpointSlice, {
    metadata: { ...named, labels: { "kubernetes.io/service-name": "s" } },
    addressType: "IPv4",
    ports: [{ name: "web", port }],
    endpoints: [{ addresses: [address], targetRef: { kind: "Pod", name: "p", namespace: "default" } }],
  } as never);
}

test(
  "every method reaches a pod and a Service, with path, query, body and the caller's address",
  { skip },
  async () => {
    await using application = await startApplication(createServer());
    await using rig = await startSecureServer();
    await withPod(rig, portOf(application));
    for (const place of [
      `${PODS}/p`,
      `${PODS}/http:p:${portOf(application)}`,
      `${SERVICES}/s:web`,
      `${SERVICES}/s:80`,
    ])
      for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
        const body = method === "GET" || method === "OPTIONS" ? "" : "x".repeat(4 << 20);
        const headers = { "x-yours": "1", cookie: "a=b", "x-remote-user": "root" };
        const answer = await rig.get(`${place}/proxy/a/b%20c%3Fd?e=f&g`, headers, { method, body });
        assert.equal(answer.code, 200, place);
        assert.equal(answer.headers["x-mine"], "yes");
        const seen = json(answer);
        assert.deepEqual([seen.method, seen.url], [method, "/a/b%20c%3Fd?e=f&g"]);
        assert.equal(seen.body.length, body.length);
        const { "x-yours": yours, cookie, "x-remote-user": user, "x-forwarded-for": from } = seen.headers;
        assert.deepEqual([yours, cookie, user, from], ["1", "a=b", undefined, "127.0.0.1"]);
      }
    const head = await rig.get(`${PODS}/p/proxy/a`, {}, { method: "HEAD" });
    assert.deepEqual([head.code, head.headers["x-mine"], head.body.length], [200, "yes", 0]);
  },
);

test("a body of unknown length is passed on over HTTP/2, too", { skip }, async () => {
  await using application = await startApplication(createServer());
  await using rig = await startSecureServer();
  await withPod(rig, portOf(application));
  const session = connectHttp2(`https://127.0.0.1:${rig.port}`, {
    ca: authority.certificate,
    cert: admin.certificate,
    key: admin.key,
  });
  const stream = session.request({ ":path": `${PODS}/p/proxy/`, ":method": "DELETE" }, { endStream: false });
  stream.write("one ");
  stream.end("two");
  let text = "";
  for await (const chunk of stream) text += chunk;
  session.close();
  assert.deepEqual(JSON.parse(text).body, "one two");
});

test(
  "pages and redirects stay below the proxy, and a proxy without a slash is sent to the one with it",
  { skip },
  async () => {
    await using application = await startApplication(createServer());
    await using rig = await startSecureServer();
    await withPod(rig, portOf(application));
    const proxy = `${SERVICES}/s:web/proxy`;
    assert.equal((await rig.get(`${proxy}/html`)).body.toString(), `<a href="${proxy}/x">x</a>`);
    const away = await rig.get(`${proxy}/away`);
    assert.deepEqual([away.code, away.headers.location], [302, `${proxy}/there`]);
    const bare = await rig.get(`${proxy}?a=b`);
    assert.deepEqual([bare.code, bare.headers.location], [301, `${proxy}/?a=b`]);
    assert.equal(json(await rig.get(proxy, {}, { method: "POST" })).url, "/");
  },
);

test("TLS is spoken where it is asked for, and where a node's agent listens", { skip }, async () => {
  await using application = await startApplication(
    createSecureServer({ cert: serving.certificate, key: serving.key }),
  );
  await using rig = await startSecureServer();
  const port = portOf(application);
  await withPod(rig, port);
  for (const place of [`${PODS}/https:p:${port}`, `${PODS}/https:p:`, `${SERVICES}/https:s:web`])
    assert.equal(json(await rig.get(`${place}/proxy/a`)).url, "/a");
  await rig.api.create(node, {
    metadata: { name: "n1" },
    status: {
      addresses: [{ type: "InternalIP", address }],
      daemonEndpoints: { kubeletEndpoint: { Port: port } },
    },
  } as never);
  for (const name of ["n1", `n1:${port}`])
    assert.equal(json(await rig.get(`/api/v1/nodes/${name}/proxy/logs/`)).url, "/logs/");
});

test(
  "a connection becomes another protocol when the application agrees, and ends when it does not",
  { skip },
  async () => {
    await using application = await startApplication(createServer());
    await using rig = await startSecureServer();
    await withPod(rig, portOf(application));
    const ask = async (path: string) => {
      const socket = await rig.connect();
      socket.write(
        `GET ${PODS}/p/proxy${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n`,
      );
      const [head] = (await once(socket, "data")) as [Buffer];
      return { socket, head: head.toString() };
    };
    const { socket, head } = await ask("/chat");
    assert.match(head, /^HTTP\/1\.1 101 /);
    socket.write("ping");
    assert.equal(String((await once(socket, "data"))[0]), "ping");
    socket.destroy();

    const refused = await ask("/other");
    assert.match(refused.head, /^HTTP\/1\.1 403 [^]*\r\n\r\nno$/);
    // The connection to the application must not be open to whoever was refused.
    await once(refused.socket, "close");
  },
);

test("what cannot be reached says so, and only pods are reached through Services", { skip }, async () => {
  await using rig = await startSecureServer();
  const free = createServer();
  free.listen(0, address);
  await once(free, "listening");
  const port = portOf(free);
  free.close();
  await withPod(rig, port);
  const message = async (path: string) => json(await rig.get(path)).message;
  assert.equal(
    await message(`${PODS}/p/proxy/`),
    `error trying to reach service: dial tcp ${address}:${port}: connect: connection refused`,
  );
  assert.equal(await message(`${PODS}/q/proxy/`), 'pods "q" not found');
  assert.equal(await message(`${PODS}/ftp:p:1/proxy/`), 'invalid pod request "ftp:p:1"');
  assert.equal(await message(`${SERVICES}/t/proxy/`), 'endpoints "t" not found');
  assert.equal(await message(`${SERVICES}/s:81/proxy/`), 'no service port 81 found for service "s"');
  const addresses = [{ type: "InternalIP", address: "127.0.0.1" }];
  await rig.api.create(node, { metadata: { name: "here" }, status: { addresses } } as never);
  assert.equal(await message(`/api/v1/nodes/here:${port}/proxy/`), "address not allowed");
  await rig.api.delete(pod, "default/p", { gracePeriodSeconds: 0 });
  assert.equal(await message(`${SERVICES}/s:web/proxy/`), 'no endpoints available for service "s:web"');
});
