/** Each type of probe against real servers and real processes on this machine. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { realClock } from "@knarr/std/clock.ts";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import type { Container, HTTPGetAction, Probe } from "@knarr/kinds/generated/core-v1.ts";
import { ExecTimeout, type RuntimeAccess } from "../runtime-access.ts";
import { HookFailed, runHook } from "./lifecycle.ts";
import type { ProbeTarget } from "./probe.ts";
import { probeTypes } from "./probes.ts";

const { signal } = new AbortController();

test("httpGet probe takes 200 to 399, sends what was asked, and says the status otherwise", async (t) => {
  const seen: Record<string, unknown>[] = [];
  const port = await serve(t, (request, response) => {
    seen.push({ url: request.url, ...request.headers });
    response.writeHead(request.url === "/sick" ? 503 : 204).end();
  });
  const headers = [
    { name: "x-a", value: "1" },
    { name: "host", value: "example.org" },
  ];
  assert.equal((await http({ port, path: "/a?b=c d", httpHeaders: headers })).outcome, "success");
  assert.equal(seen[0]!["url"], "/a?b=c%20d");
  assert.equal(seen[0]!["user-agent"], "kube-probe/1.36");
  assert.equal(seen[0]!["accept"], "*/*");
  assert.deepEqual([seen[0]!["x-a"], seen[0]!["host"]], ["1", "example.org"]);
  const sick = await http({ port: "web", path: "/sick" }, { ports: [{ name: "web", containerPort: port }] });
  assert.deepEqual(sick, { outcome: "failure", output: "HTTP probe failed with statuscode: 503" });
  assert.equal((await http({ port: "none" })).outcome, "unknown");
});

test("httpGet probe follows redirects on the same host, and warns of others", async (t) => {
  const port = await serve(t, (request, response) => {
    const to = request.url === "/away" ? "http://example.org/" : request.url === "/loop" ? "/loop" : "/ok";
    if (request.url === "/ok") response.end("fine");
    else response.writeHead(302, { location: to }).end("moved");
  });
  assert.deepEqual(await http({ port, path: "/here" }), { outcome: "success", output: "fine" });
  assert.deepEqual(await http({ port, path: "/away" }), {
    outcome: "warning",
    output: "Probe terminated redirects, Response body: moved",
  });
  const loop = await http({ port, path: "/loop" });
  assert.match(loop.output, /stopped after 10 redirects/);
});

test("httpGet probe says in upstream's words why there is no answer", async (t) => {
  const port = await freePort();
  const refused = await http({ port, path: "/x" });
  assert.deepEqual(refused, {
    outcome: "failure",
    output: `Get "http://127.0.0.1:${port}/x": dial tcp 127.0.0.1:${port}: connect: connection refused`,
  });
  const slow = await serve(t, () => {});
  const late = await http({ port: slow });
  assert.match(late.output, /context deadline exceeded \(Client.Timeout exceeded while awaiting headers\)$/);
});

test("tcpSocket probe wants somebody to accept", async (t) => {
  const server = createTcpServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  assert.equal((await run({ tcpSocket: { port } })).outcome, "success");
  const free = await freePort();
  assert.deepEqual(await run({ tcpSocket: { port: free } }), {
    outcome: "failure",
    output: `dial tcp 127.0.0.1:${free}: connect: connection refused`,
  });
});

test("exec probe wants exit code 0, expands only what the spec says, and knows a timeout", async () => {
  const command = (script: string) => ({ exec: { command: ["sh", "-c", script] } });
  const env = [{ name: "WORD", value: "hello" }];
  assert.deepEqual(await run(command("echo $(WORD); echo err >&2"), { env }), {
    outcome: "success",
    output: "hello\nerr\n",
  });
  assert.deepEqual(await run(command("echo bad; exit 3")), { outcome: "failure", output: "bad\n" });
  const late = await run(command("sleep 5"));
  assert.deepEqual(late, {
    outcome: "failure",
    output: 'command timed out: "sh -c sleep 5" timed out after 1s',
  });
});

test("grpc probe asks for the service's health", async (t) => {
  const server = new Server();
  const statuses: Record<string, number> = { "": 1, sick: 2 };
  server.register(
    "/grpc.health.v1.Health/Check",
    (call: { request: { service: string } }, done: (err: object | null, value?: number) => void) => {
      const status = statuses[call.request.service];
      if (status === undefined) done({ code: 5, details: "unknown service" });
      else done(null, status);
    },
    (status: number) => Buffer.from([8, status]),
    (message: Buffer) => ({ service: message.subarray(2).toString() }),
    "unary",
  );
  const { promise, resolve } = Promise.withResolvers<number>();
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (_, port) => resolve(port));
  const port = await promise;
  t.after(() => server.forceShutdown());
  assert.deepEqual(await run({ grpc: { port } }), { outcome: "success", output: "service healthy" });
  assert.deepEqual(await run({ grpc: { port, service: "sick" } }), {
    outcome: "failure",
    output: 'service unhealthy (responded with "NOT_SERVING")',
  });
  assert.match((await run({ grpc: { port, service: "none" } })).output, /^error: health rpc probe failed/);
  const nobody = await run({ grpc: { port: await freePort() } });
  assert.match(nobody.output, /^timeout: failed to connect service "127.0.0.1:\d+" within 1s/);
});

test("runHook runs commands and requests, and says what failed", async (t) => {
  let asked = "";
  const port = await serve(t, (request, response) => {
    asked = `${request.url} ${request.headers["user-agent"]}`;
    response.writeHead(500).end();
  });
  const options = { clock: realClock, timeoutMs: 1000 };
  const hook = (handler: Parameters<typeof runHook>[0], more = {}) =>
    runHook(handler, targetOf({}), { ...options, ...more }, signal);
  await hook({ httpGet: { port, path: "/bye" } });
  assert.equal(asked, "/bye kube-lifecycle/1.36");
  const warnings: string[] = [];
  await hook(
    { httpGet: { port, scheme: "HTTPS" } },
    { onHttpFallback: (text: string) => warnings.push(text) },
  );
  assert.match(warnings[0]!, /got HTTP response, retry with HTTP succeeded$/);
  await hook({ exec: { command: ["true"] } });
  await assert.rejects(hook({ exec: { command: ["sh", "-c", "echo no >&2; exit 2"] } }), (err) => {
    assert.ok(err instanceof HookFailed);
    assert.match(
      err.message,
      /^Exec lifecycle hook \(\[sh -c echo no >&2; exit 2\]\) for Container "c" in Pod "p_n\(u\)" failed - error: .* exited with 2: no/s,
    );
    return true;
  });
});

function http(
  httpGet: Partial<HTTPGetAction> & { port: number | string },
  container: Partial<Container> = {},
) {
  return run({ httpGet }, container);
}

function run(probe: Probe, container: Partial<Container> = {}) {
  const type = probeTypes.find(({ name }) => probe[name])!;
  return type.run(probe, targetOf(container), signal);
}

function targetOf(container: Partial<Container>): ProbeTarget {
  return {
    pod: { metadata: { name: "p", namespace: "n", uid: "u" } },
    container: { name: "c", ...container },
    containerId: "id",
    podIP: "127.0.0.1",
    runtime: { execSync: runLocally } as unknown as RuntimeAccess,
  };
}

const runLocally: RuntimeAccess["execSync"] = (_, [file, ...args], timeout) =>
  new Promise((resolve, reject) => {
    execFile(file!, args, { timeout, encoding: "buffer" }, (err, stdout, stderr) => {
      if (err?.killed) reject(new ExecTimeout());
      else resolve({ exitCode: typeof err?.code === "number" ? err.code : 0, stdout, stderr });
    });
  });

async function serve(t: TestContext, listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
