/** A second API server behind the first: whose requests it gets, what it is told of the one who asks, and what discovery says of it. */

import assert from "node:assert/strict";
import { once } from "node:events";
import {
  createSecureServer,
  connect as connectHttp2,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from "node:http2";
import { createServer as createHttp1Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { test } from "node:test";
import { apiService } from "@knarr/kinds/apiregistration/api-service.ts";
import { service } from "@knarr/kinds/core/service.ts";
import { endpointSlice } from "@knarr/kinds/discovery/endpoint-slice.ts";
import type { APIServiceCondition } from "@knarr/kinds/generated/apiregistration-v1.ts";
import { TestAuthority } from "../testing/certificates.ts";
import {
  ownAddress,
  startSecureServer,
  testCertificates,
  type SecureServer,
} from "../testing/secure-server.ts";

const address = ownAddress()!;
const skip = address ? false : "needs an address beside the loopback";
const frontAuthority = await TestAuthority.create("front-proxy-ca");
const frontProxy = await frontAuthority.client("front-proxy-client");
const behindAuthority = await TestAuthority.create("behind-ca");
const behindServing = await behindAuthority.server("api.behind.svc");
const { authority, admin } = testCertificates;

const ROOT = "/apis/behind.io/v1";
const GADGETS = {
  resource: "gadgets",
  responseKind: { group: "behind.io", version: "v1", kind: "Gadget" },
  scope: "Namespaced",
  singularResource: "gadget",
  verbs: ["get", "list"],
};
const LEGACY = {
  kind: "APIResourceList",
  groupVersion: "behind.io/v1",
  resources: [
    { name: "gadgets", singularName: "gadget", namespaced: true, kind: "Gadget", verbs: ["get"] },
    { name: "gadgets/status", singularName: "", namespaced: true, kind: "Gadget", verbs: ["get"] },
  ],
};

const refer = (name: string) => ({ $ref: `#/definitions/${name}` });
/** Its document in version 2, as API servers write it: shared parameters, what it serves besides, a name that we have, too. */
const SPEC = {
  swagger: "2.0",
  info: { title: "Behind", version: "v0" },
  paths: {
    "/apis/behind.io/v1/gadgets": {
      get: {
        produces: ["application/json"],
        parameters: [
          { $ref: "#/parameters/limit" },
          { name: "body", in: "body", schema: refer("io.behind.v1.Gadget") },
        ],
        responses: { 200: { description: "OK", schema: refer("io.behind.v1.Gadget") } },
      },
    },
    "/metrics/": { get: { responses: {} } },
  },
  parameters: { limit: { name: "limit", in: "query", type: "integer", uniqueItems: true } },
  definitions: {
    "io.behind.v1.Gadget": {
      type: "object",
      description: "A gadget",
      properties: {
        metadata: refer("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"),
        pod: refer("io.k8s.api.core.v1.Pod"),
        size: { type: "number", maximum: 1.5, minLength: 3 },
      },
    },
    "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta": { type: "object", description: "theirs" },
    "io.k8s.api.core.v1.Pod": { type: "object", description: "theirs" },
    "io.behind.v1.Other": { type: "object" },
  },
};

interface Seen {
  readonly httpVersion: string;
  readonly method: string;
  readonly url: string;
  readonly headers: any;
  readonly peer: string | undefined;
}

interface Behind extends AsyncDisposable {
  readonly port: number;
  readonly seen: Seen[];
  /** Whether it knows aggregated discovery. */
  isModern: boolean;
}

/** An API server with one kind, as small as can be. It tells what it was asked, and of `watch` it tells two events. */
async function startBehind({ http2 = true } = {}): Promise<Behind> {
  const seen: Seen[] = [];
  const create = http2 ? createSecureServer : (createHttp1Server as never as typeof createSecureServer);
  const server = create({
    allowHTTP1: true,
    cert: behindServing.certificate,
    key: behindServing.key,
    ca: frontAuthority.certificate,
    requestCert: true,
    rejectUnauthorized: false,
  });
  server.on("request", async (request: Http2ServerRequest, response: Http2ServerResponse) => {
    const { method, url, headers, httpVersion } = request;
    const socket = (request.stream?.session?.socket ?? request.socket) as TLSSocket;
    const peer = socket.getPeerX509Certificate()?.subject;
    const one = { httpVersion, method, url, headers: { ...headers }, peer };
    if (headers["x-remote-user"] !== "system:kube-aggregator") seen.push(one);
    const json = (value: object, type = "application/json"): void => {
      response.setHeader("content-type", type);
      response.end(JSON.stringify(value));
    };
    if (url === "/apis" && behind.isModern) {
      const versions = [{ version: "v1", resources: [GADGETS], freshness: "Current" }];
      const items = [{ metadata: { name: "behind.io" }, versions }];
      const type = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
      return json({ kind: "APIGroupDiscoveryList", apiVersion: "apidiscovery.k8s.io/v2", items }, type);
    }
    if (url === "/openapi/v2") return json(SPEC);
    if (url.startsWith("/openapi/v3") && behind.isModern) {
      const at = { serverRelativeURL: `/openapi/v3${ROOT}?hash=1` };
      return json(
        url === "/openapi/v3" ? { paths: { [ROOT.slice(1)]: at, version: at } } : { url, openapi: "3.0.0" },
      );
    }
    if (url === ROOT) return json(LEGACY);
    if (url.includes("/away"))
      return void response.writeHead(302, { location: "https://elsewhere.io/" }).end();
    if (url.includes("watch=")) {
      response.write("one\n");
      return void request.once("data", () => response.end("two\n"));
    }
    if (!url.startsWith(`${ROOT}/`)) return void response.writeHead(404).end("404 page not found\n");
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    json({ ...one, body: Buffer.concat(chunks).toString() });
  });
  server.on("upgrade", (request, socket) => {
    seen.push({ ...request, url: request.url!, headers: request.headers } as never);
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n");
    socket.pipe(socket);
  });
  const sockets = new Set<TLSSocket>();
  server.on("secureConnection", (socket: TLSSocket) => sockets.add(socket));
  server.listen(0, address);
  await once(server, "listening");
  const behind: Behind = {
    port: (server.address() as AddressInfo).port,
    seen,
    isModern: true,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
  return behind;
}

const caBundle = Buffer.from(behindAuthority.certificate).toString("base64");
const named = { name: "api", namespace: "behind" };

async function startFront(): Promise<SecureServer> {
  const rig = await startSecureServer({ frontProxy });
  await rig.get(
    "/api/v1/namespaces",
    { "content-type": "application/json" },
    {
      method: "POST",
      body: JSON.stringify({ metadata: { name: "behind" } }),
    },
  );
  return rig;
}

async function publish(rig: SecureServer, port: number): Promise<void> {
  await rig.api.create(service, {
    metadata: named,
    spec: { ports: [{ name: "https", port: 443 }] },
  } as never);
  await rig.api.create(endpointSlice, sliceOf(port) as never);
}

const sliceOf = (port: number, addresses = [address]): object => ({
  metadata: { ...named, labels: { "kubernetes.io/service-name": "api" } },
  addressType: "IPv4",
  ports: [{ name: "https", port }],
  endpoints: [{ addresses }],
});

const register = (rig: SecureServer, spec: object = { caBundle }): Promise<unknown> =>
  rig.api.create(apiService, {
    metadata: { name: "v1.behind.io" },
    spec: {
      group: "behind.io",
      version: "v1",
      groupPriorityMinimum: 17550,
      versionPriority: 1,
      service: named,
      ...spec,
    },
  } as never);

/** The condition, once it has `reason`. */
async function becomes(rig: SecureServer, reason: string): Promise<APIServiceCondition> {
  const signal = AbortSignal.timeout(10_000);
  const find = (object: any): APIServiceCondition | undefined =>
    object?.status?.conditions?.find((one: APIServiceCondition) => one.reason === reason);
  const now = find(rig.server.world.get(apiService, "v1.behind.io"));
  if (now) return now;
  const selection = { fieldSelector: "metadata.name=v1.behind.io" };
  for await (const events of rig.transport.watch(apiService, selection, "0", signal))
    for (const { object } of events) if (find(object)) return find(object)!;
  throw new Error(`never became ${reason}`);
}

const json = ({ body }: { readonly body: Buffer }): any => JSON.parse(body.toString());
const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
const discovered = async (rig: SecureServer): Promise<any> =>
  json(await rig.get("/apis", { accept: AGGREGATED })).items.find(
    ({ metadata }: any) => metadata.name === "behind.io",
  );

for (const http2 of [true, false]) {
  test(
    `requests of its group are its own, over HTTP/${http2 ? 2 : 1.1}, with the user in headers that only we can set`,
    { skip },
    async () => {
      await using behind = await startBehind({ http2 });
      await using rig = await startFront();
      await publish(rig, behind.port);
      await register(rig);
      await becomes(rig, "Passed");
      const jane = await authority.client("jané", ["dev", "ops"]);
      const forged = { "x-remote-user": "root", "x-remote-group": "system:masters", "x-remote-extra-a": "b" };
      await rig.get(`${ROOT}/namespaces/n/gadgets?b=2&a=1`, forged);
      assert.equal((await rig.get(`${ROOT}/gadgets`, forged, { as: jane })).code, 403);
      const headers = {
        ...forged,
        "impersonate-user": "jané",
        "impersonate-group": "dev",
        "impersonate-extra-a%2fb": "c",
      };
      assert.equal((await rig.get(ROOT, { ...headers, "impersonate-group": "system:masters" })).code, 200);
      const [first, second] = behind.seen;
      assert.deepEqual(
        [first!.method, first!.url, first!.httpVersion],
        ["GET", `${ROOT}/namespaces/n/gadgets?a=1&b=2`, http2 ? "2.0" : "1.1"],
      );
      assert.match(first!.peer!, /CN=front-proxy-client/);
      assert.equal(first!.headers["x-remote-user"], "admin");
      assert.equal(first!.headers["x-remote-group"], "system:masters, system:authenticated");
      assert.equal(first!.headers["x-remote-extra-a"], undefined);
      assert.equal(first!.headers["x-forwarded-for"], "127.0.0.1");
      assert.ok(first!.headers["audit-id"]);
      assert.equal(Buffer.from(second!.headers["x-remote-user"], "latin1").toString(), "jané");
      assert.equal(second!.headers["x-remote-extra-a%2fb"], "c");
      assert.equal(second!.headers["impersonate-user"], undefined);
      const posted = json(
        await rig.get(`${ROOT}/gadgets`, {}, { method: "POST", body: "x".repeat(1 << 20) }),
      );
      assert.deepEqual([posted.method, posted.body.length], ["POST", 1 << 20]);
      const away = await rig.get(`${ROOT}/away`);
      assert.deepEqual([away.code, away.headers.location], [502, undefined]);
    },
  );
}

test("a watch is passed on as it comes, and an upgrade with the user's name", { skip }, async () => {
  await using behind = await startBehind();
  await using rig = await startFront();
  await publish(rig, behind.port);
  await register(rig);
  await becomes(rig, "Passed");
  const session = connectHttp2(`https://127.0.0.1:${rig.port}`, {
    ca: authority.certificate,
    cert: admin.certificate,
    key: admin.key,
  });
  const stream = session.request(
    { ":path": `${ROOT}/gadgets?watch=1`, ":method": "GET" },
    { endStream: false },
  );
  assert.equal(String((await once(stream, "data"))[0]), "one\n");
  stream.end("go on"); // nothing but the first event can have made the server send the second
  assert.equal(String((await once(stream, "data"))[0]), "two\n");
  session.close();

  const socket = await rig.connect();
  socket.write(
    `GET ${ROOT}/gadgets/g/talk HTTP/1.1\r\nHost: x\r\nX-Remote-User: root\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n`,
  );
  assert.match(String((await once(socket, "data"))[0]), /^HTTP\/1\.1 101 /);
  socket.write("ping");
  assert.equal(String((await once(socket, "data"))[0]), "ping");
  socket.destroy();
  assert.equal(behind.seen.at(-1)!.headers["x-remote-user"], "admin");
});

test(
  "its condition follows its Service, its endpoints and its answers, and 503 is answered while it is not there",
  { skip },
  async () => {
    await using behind = await startBehind();
    await using rig = await startFront();
    await register(rig);
    const problem = await becomes(rig, "ServiceNotFound");
    assert.equal(problem.message, 'service/api in "behind" is not present');
    const refused = await rig.get(`${ROOT}/gadgets`);
    assert.deepEqual([refused.code, refused.body.toString()], [503, "service unavailable\n"]);
    assert.deepEqual(await discovered(rig), {
      metadata: { name: "behind.io", creationTimestamp: null },
      versions: [{ version: "v1", resources: [], freshness: "Stale" }],
    });
    await rig.api.create(service, {
      metadata: named,
      spec: { ports: [{ name: "https", port: 444 }] },
    } as never);
    assert.equal(
      (await becomes(rig, "ServicePortError")).message,
      'service/api in "behind" is not listening on port 443',
    );
    await rig.api.patch(service, "behind/api", { spec: { ports: [{ name: "https", port: 443 }] } });
    assert.equal(
      (await becomes(rig, "EndpointsNotFound")).message,
      'cannot find endpointslices for service/api in "behind"',
    );
    await rig.api.create(endpointSlice, { ...sliceOf(behind.port), endpoints: [] } as never);
    assert.equal(
      (await becomes(rig, "MissingEndpoints")).message,
      'endpointslices for service/api in "behind" have no addresses with port name "https"',
    );
    await rig.api.patch(apiService, "v1.behind.io", {
      spec: { caBundle: Buffer.from(frontAuthority.certificate).toString("base64") },
    });
    await rig.api.patch(endpointSlice, "behind/api", { endpoints: [{ addresses: [address] }] });
    const url = `https://${address}:${behind.port}${ROOT}`;
    assert.equal(
      (await becomes(rig, "FailedDiscoveryCheck")).message,
      `failing or missing response from ${url}: Get "${url}": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    );
    await rig.api.patch(apiService, "v1.behind.io", {
      spec: { caBundle: null, insecureSkipTLSVerify: true },
    });
    await becomes(rig, "Passed");
    assert.equal((await rig.get(`${ROOT}/gadgets`)).code, 200);
    await rig.api.delete(service, "behind/api");
    await becomes(rig, "ServiceNotFound");
    const { versions } = await discovered(rig);
    assert.deepEqual(versions, [{ version: "v1", resources: [GADGETS], freshness: "Stale" }]);
    const figures = (await rig.get("/metrics")).body.toString();
    assert.match(figures, /^aggregator_unavailable_apiservice\{name="v1\.behind\.io"\} 1$/m);
    assert.match(
      figures,
      /^aggregator_unavailable_apiservice_total\{name="v1\.behind\.io",reason="ServiceNotFound"\} [12]$/m,
    );
  },
);

test(
  "discovery shows it in its place, old servers' in the new form, and no longer when it is gone",
  { skip },
  async () => {
    await using behind = await startBehind();
    behind.isModern = false;
    await using rig = await startFront();
    await publish(rig, behind.port);
    await register(rig);
    await becomes(rig, "Passed");
    const { groups } = json(await rig.get("/apis"));
    const names = groups.map(({ name }: any) => name);
    assert.equal(names[0], "apiregistration.k8s.io");
    assert.ok(names.indexOf("authorization.k8s.io") < names.indexOf("behind.io"));
    assert.ok(names.indexOf("behind.io") < names.indexOf("rbac.authorization.k8s.io"));
    assert.deepEqual(json(await rig.get("/apis/behind.io")).preferredVersion, {
      groupVersion: "behind.io/v1",
      version: "v1",
    });
    assert.equal(json(await rig.get(ROOT)).resources.length, 2);
    const kind = { group: "", version: "", kind: "Gadget" };
    assert.deepEqual((await discovered(rig)).versions, [
      {
        version: "v1",
        resources: [
          {
            ...{
              resource: "gadgets",
              responseKind: kind,
              scope: "Namespaced",
              singularResource: "gadget",
              verbs: ["get"],
            },
            subresources: [{ subresource: "status", responseKind: kind, verbs: ["get"] }],
          },
        ],
        freshness: "Current",
      },
    ]);
    assert.ok(json(await rig.get("/")).paths.includes(ROOT));
    await rig.api.delete(apiService, "v1.behind.io");
    assert.equal(await discovered(rig), undefined);
    assert.deepEqual(
      [(await rig.get("/apis/behind.io")).code, (await rig.get(`${ROOT}/gadgets`)).code],
      [404, 404],
    );
  },
);

test("OpenAPI holds its documents, old servers' in the new form, until it is gone", { skip }, async () => {
  await using behind = await startBehind();
  await using rig = await startFront();
  await publish(rig, behind.port);
  await register(rig);
  await becomes(rig, "Passed");
  const [path] = Object.keys(SPEC.paths) as [string];
  const before = await rig.get("/openapi/v2");
  const { paths, definitions } = json(before);
  assert.ok(paths["/api/v1/namespaces/{namespace}/pods"] && !paths["/metrics/"]);
  assert.deepEqual(paths[path].get.parameters[0], SPEC.parameters.limit);
  const { properties } = definitions["io.behind.v1.Gadget"];
  assert.equal(properties.pod.$ref, "#/definitions/io.k8s.api.core.v1.Pod_v2");
  assert.equal(definitions["io.k8s.api.core.v1.Pod_v2"].description, "theirs");
  assert.ok(definitions["io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"].properties);
  assert.equal(definitions["io.behind.v1.Other"], undefined);
  const accept = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
  assert.ok((await rig.get("/openapi/v2", { accept })).body.includes("io.behind.v1.Gadget"));

  const index = async () => json(await rig.get("/openapi/v3")).paths;
  assert.equal((await index())[ROOT.slice(1)].serverRelativeURL, `/openapi/v3${ROOT}?hash=1`);
  assert.equal(json(await rig.get(`/openapi/v3${ROOT}?hash=1`)).url, `/openapi/v3${ROOT}?hash=1`);

  await rig.api.delete(apiService, "v1.behind.io");
  assert.equal((await index())[ROOT.slice(1)], undefined);
  assert.ok(
    !json(await rig.get("/openapi/v2", { "if-none-match": String(before.headers.etag) })).paths[path],
  );

  behind.isModern = false;
  await register(rig);
  await becomes(rig, "Passed");
  const { serverRelativeURL } = (await index())[ROOT.slice(1)];
  const { components, paths: converted } = json(await rig.get(serverRelativeURL));
  const { get } = converted[path];
  const schema = { $ref: "#/components/schemas/io.behind.v1.Gadget" };
  assert.deepEqual(get.responses["200"].content, { "application/json": { schema } });
  assert.deepEqual(get.requestBody.content, { "*/*": { schema } });
  assert.deepEqual(get.parameters, [
    { name: "limit", in: "query", schema: { type: "integer", uniqueItems: true } },
  ]);
  assert.equal(components.schemas["io.behind.v1.Gadget"].description, "A gadget");
});
