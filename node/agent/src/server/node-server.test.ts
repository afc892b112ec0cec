/** Who may use the node's server, and what it answers, over real TLS. */

import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import { connect } from "node:tls";
import { FakeClock } from "@knarr/std/clock.ts";
import WebSocket from "ws";
import { questionOf } from "./access.ts";
import { logOptionsOf } from "./container-logs.ts";
import { readLog, type LogOptions } from "./log-reader.ts";
import { findTail } from "./log-tail.ts";
import { startRig, type Rig } from "./testing.ts";

test("NodeServer lets in who the API allows, by certificate or token, and asks only once", async () => {
  await using rig = await startRig();
  assert.deepEqual(await get(rig, "/pods", "nobody"), { code: 401, body: "Unauthorized" });
  assert.equal((await get(rig, "/healthz", "admin")).body, "ok");
  assert.equal(rig.reviews.length, 0, "masters are known without asking");
  const denied = await get(rig, "/pods", "guest");
  assert.equal(denied.code, 403);
  assert.equal(denied.body, "Forbidden (user=guest, verb=get, resource=nodes, subresource(s)=[pods proxy])");
  rig.allowed.add("system:serviceaccount:monitoring:prometheus get metrics");
  assert.equal((await get(rig, "/metrics/resource", "good")).code, 200);
  const asked = rig.reviews.length;
  assert.equal((await get(rig, "/metrics/resource", "good")).body, "node_cpu_usage_seconds_total 1\n");
  assert.equal(rig.reviews.length, asked, "remembered");
  assert.equal((await get(rig, "/stats/summary", "good")).code, 403);
  assert.equal((await get(rig, "/metrics/resource", "bad")).code, 401);
});

test("questionOf maps paths as upstream does, but asks for create where something is run", () => {
  assert.deepEqual(questionOf("GET", "/metrics/cadvisor"), { verb: "get", subresources: ["metrics"] });
  assert.deepEqual(questionOf("GET", "/stats/summary"), { verb: "get", subresources: ["stats"] });
  assert.deepEqual(questionOf("GET", "/runningpods/"), { verb: "get", subresources: ["pods", "proxy"] });
  assert.deepEqual(questionOf("GET", "/healthz/ping"), { verb: "get", subresources: ["healthz", "proxy"] });
  assert.deepEqual(questionOf("GET", "/containerLogs/a/b/c"), { verb: "get", subresources: ["proxy"] });
  assert.deepEqual(questionOf("GET", "/exec/a/b/c"), { verb: "create", subresources: ["proxy"] });
});

test("NodeServer lists pods, sums up, runs a command, and knows what it does not have", async () => {
  await using rig = await startRig();
  assert.equal(JSON.parse((await get(rig, "/pods", "admin")).body).items[0].metadata.name, "web");
  assert.equal(JSON.parse((await get(rig, "/runningpods/", "admin")).body).items.length, 0);
  assert.equal(JSON.parse((await get(rig, "/stats/summary", "admin")).body).node.nodeName, "n1");
  const failure = async (path: string) => await get(rig, path, "admin");
  assert.deepEqual(await failure("/containerLogs/default/none/main"), {
    code: 404,
    body: 'pod "none" does not exist',
  });
  assert.deepEqual(await failure("/containerLogs/default/web/none"), {
    code: 404,
    body: 'container "none" not found in pod "web"',
  });
  assert.equal((await failure("/containerLogs/default/web/main?tailLines=-1")).code, 422);
  assert.equal((await failure("/exec/default/web/main?command=true")).code, 400);
  assert.equal((await failure("/nothing")).code, 404);
  rig.pods[0]!.status!.containerStatuses![0]!.state = { waiting: { reason: "ImagePullBackOff" } };
  assert.deepEqual(await failure("/containerLogs/default/web/main"), {
    code: 400,
    body: 'container "main" in pod "web" is waiting to start: trying and failing to pull image',
  });
  assert.deepEqual(await failure("/containerLogs/default/web/main?previous=true"), {
    code: 400,
    body: 'previous terminated container "main" in pod "web" not found',
  });
  running(rig);
  const ran = await get(rig, "/run/default/web/main?cmd=echo+hi", "admin", "POST");
  assert.deepEqual(ran, { code: 200, body: "hi\n" });
});

test("NodeServer answers an upgrade that it must refuse", async () => {
  await using rig = await startRig();
  const refused = async (path: string, user: string) => {
    const socket = connect({ port: rig.server.port, host: "127.0.0.1", ...credentials(rig, user) });
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n`);
    return await text(socket);
  };
  assert.match(await refused("/exec/default/web/main?command=true&output=1", "nobody"), /^HTTP\/1.1 401 /);
  rig.allowed.add("guest get proxy");
  assert.match(await refused("/exec/default/web/main?command=true&output=1", "guest"), /^HTTP\/1.1 403 /);
  assert.match(
    await refused("/exec/default/web/main?command=true&output=1", "admin"),
    /container not found \("main"\)$/,
  );
  running(rig);
  assert.match(
    await refused("/exec/default/web/main?command=true", "admin"),
    /at least 1 of stdin, stdout, stderr$/,
  );
});

test("NodeServer speaks the older WebSocket protocols", async (t) => {
  const rig = await startRig();
  t.after(() => rig[Symbol.asyncDispose]());
  running(rig);
  const run = "/exec/default/web/main?command=sh&command=-c&command=echo+out;exit+3&output=1&error=1";
  const plain = await messages(rig, run, ["channel.k8s.io"]);
  assert.deepEqual(plain.map(String), [
    "\x01",
    "\x01out\n",
    "\x03command terminated with non-zero exit code: exit status 3",
  ]);
  const v4 = await messages(rig, run, ["v4.base64.channel.k8s.io"]);
  assert.equal(String(v4[1]), `1${Buffer.from("out\n").toString("base64")}`);
  const status = JSON.parse(Buffer.from(String(v4[2]).slice(1), "base64").toString());
  assert.deepEqual(status, {
    metadata: {},
    status: "Failure",
    message: "command terminated with non-zero exit code: exit status 3",
    reason: "NonZeroExitCode",
    details: { causes: [{ reason: "ExitCode", message: "3" }] },
  });
  await assert.rejects(messages(rig, run, ["v9.channel.k8s.io"]), /403/);
});

test("NodeServer gives logs over a WebSocket", async (t) => {
  const rig = await startRig();
  t.after(() => rig[Symbol.asyncDispose]());
  const logPath = await logFile(t, "2026-01-02T03:04:05Z stdout F one\n2026-01-02T03:04:05Z stdout F two\n");
  rig.containers.set("main", { id: "id", state: "running", logPath, stdin: false, tty: false });
  const path = "/containerLogs/default/web/main?tailLines=1";
  assert.deepEqual((await messages(rig, path, ["binary.k8s.io"])).map(String), ["two\n"]);
  await assert.rejects(messages(rig, "/containerLogs/default/web/none", ["binary.k8s.io"]), /404/);
});

test("NodeServer forwards ports to plain WebSocket clients", async (t) => {
  const rig = await startRig();
  t.after(() => rig[Symbol.asyncDispose]());
  // The node's own server will do: it closes what is not TLS.
  const { port } = rig.server;
  const seen = await messages(
    rig,
    `/portForward/default/web?port=${port}`,
    ["v4.channel.k8s.io"],
    Buffer.from("\x00bad\r\n\r\n"),
  );
  assert.deepEqual(seen[0], Buffer.from([0, port & 255, port >> 8]));
  assert.deepEqual(seen[1], Buffer.from([1, port & 255, port >> 8]));
});

test("findTail finds the last lines from the end, over blocks and cut lines", async (t) => {
  const file = await logFile(t, "");
  const at = "2026-01-02T03:04:05Z";
  const long = "x".repeat(16_000);
  let content = "";
  const starts: number[] = [];
  for (let line = 0; line < 40; line++) {
    starts.push(content.length);
    for (let part = 0; part < line % 4; part++) content += `${at} stdout P ${long}\n`;
    content += `${at} ${line % 2 ? "stderr" : "stdout"} F ${line}\n`;
  }
  writeFileSync(file, content);
  await using handle = await open(file);
  const tail = (count: number) => findTail(handle, { end: content.length, count });
  assert.equal(await tail(0), content.length);
  assert.equal(await tail(1), starts[39]);
  assert.equal(await tail(7), starts[33]);
  assert.equal(await tail(40), 0);
  assert.equal(await tail(1000), 0);
  assert.equal(await findTail(handle, { end: content.length, count: 1, stream: "stderr" }), starts[38]);
});

test("readLog joins partial records, filters, cuts, and shows timestamps once a line", async (t) => {
  const early = "2026-01-02T03:04:05.123Z";
  const late = "2026-01-02T03:04:06Z";
  const file = await logFile(
    t,
    `${early} stdout F old\n${late} stdout P one \n${late} stderr F err\n${late} stdout F line\nnonsense\n${late} stdout F unfinished`,
  );
  const read = async (options: Partial<LogOptions>) => {
    const clock = new FakeClock();
    const pieces = readLog(
      { path: file, isRunning: () => false, clock },
      { follow: false, timestamps: false, ...options },
      new AbortController().signal,
    );
    return Buffer.concat(await Array.fromAsync(pieces)).toString();
  };
  assert.equal(await read({}), "old\none err\nline\nunfinished\n");
  assert.equal(await read({ stream: "stderr" }), "err\n");
  assert.equal(await read({ since: Date.parse(late), stream: "stdout" }), "one line\nunfinished\n");
  assert.equal(await read({ limitBytes: 6 }), "old\non");
  assert.equal(await read({ tailLines: 0 }), "");
  const stamp = "2026-01-02T03:04:06.000000000Z";
  assert.equal(
    await read({ timestamps: true, stream: "stdout", tailLines: 2 }),
    `${stamp} one line\n${stamp} unfinished\n`,
  );
  assert.equal(
    await read({ follow: true }),
    "old\none err\nline\nunfinished\n",
    "the container does not run",
  );
});

test("readLog stops following when the reader goes", async (t) => {
  const file = await logFile(t, "");
  const gone = new AbortController();
  const source = { path: file, isRunning: () => true, clock: new FakeClock() };
  const pieces = readLog(source, { follow: true, timestamps: false }, gone.signal);
  const first = pieces.next();
  appendFileSync(file, "2026-01-02T03:04:05Z stdout F here\n");
  assert.equal(String((await first).value), "here\n");
  const second = pieces.next();
  gone.abort();
  assert.equal((await second).done, true);
});

test("logOptionsOf reads the query", () => {
  const now = 1_000_000;
  const of = (query: string) => logOptionsOf(new URLSearchParams(query), now);
  assert.deepEqual(of("follow=true&tailLines=5&sinceSeconds=10&stream=Stderr&limitBytes=7&timestamps=1"), {
    follow: true,
    timestamps: true,
    tailLines: 5,
    limitBytes: 7,
    since: 990_000,
    stream: "stderr",
  });
  for (const bad of [
    "sinceSeconds=0",
    "limitBytes=0",
    "tailLines=x",
    "sinceTime=never",
    "sinceSeconds=1&sinceTime=2026-01-02T03:04:05Z",
  ])
    assert.throws(() => of(bad), /Invalid request/, bad);
});

function running(rig: Rig): void {
  rig.containers.set("main", { id: "id", state: "running", logPath: "/nowhere", stdin: true, tty: false });
}

function credentials({ certificates: { ca, admin, guest } }: Rig, user: string): object {
  const pair = { admin, guest }[user];
  return { ca, ...(pair && { cert: pair.certificate, key: pair.key }) };
}

async function get(
  rig: Rig,
  path: string,
  user: string,
  method = "GET",
): Promise<{ code: number; body: string }> {
  const headers = ["good", "bad"].includes(user) ? { authorization: `Bearer ${user}` } : {};
  const { promise, resolve, reject } = Promise.withResolvers<{ code: number; body: string }>();
  request(
    {
      host: "127.0.0.1",
      port: rig.server.port,
      path,
      method,
      headers,
      agent: false,
      ...credentials(rig, user),
    },
    (answer) => {
      text(answer).then((body) => resolve({ code: answer.statusCode!, body }), reject);
    },
  )
    .on("error", reject)
    .end();
  return await promise;
}

/** All that a client gets until the server closes. */
async function messages(rig: Rig, path: string, protocols: string[], first?: Buffer): Promise<Buffer[]> {
  const socket = new WebSocket(
    `wss://127.0.0.1:${rig.server.port}${path}`,
    protocols,
    credentials(rig, "admin"),
  );
  const received: Buffer[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<Buffer[]>();
  socket.on("open", () => first && socket.send(first));
  socket.on("message", (data) => received.push(data as Buffer));
  socket.on("error", reject).on("close", () => resolve(received));
  return await promise;
}

async function logFile(t: TestContext, content: string): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), "knarr-log-"));
  t.after(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, "0.log"), content);
  return join(directory, "0.log");
}
