/**
 * The node's server as the real kubectl sees it, behind an API server that is no more than a relay. Tries every kubectl that
 * `KNARR_KUBECTL` names (colons between), or the one on the PATH.
 */

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, rename, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { createServer as createHttpServer } from "node:http";
import { createServer, request as httpsRequest, type Server } from "node:https";
import { connect as connectTcp, type AddressInfo } from "node:net";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { test } from "node:test";
import { connect } from "node:tls";
import { startRig, type Rig } from "./testing.ts";

for (const kubectl of kubectls()) {
  const version = versionOf(kubectl);
  const skip = version ? false : "needs kubectl";
  const speaksWebSocket = Number(/^v1\.(\d+)/.exec(version ?? "")?.[1]) >= 31;

  test(`kubectl ${version} runs commands: output, errors, exit code`, { skip }, async () => {
    await using world = await startWorld();
    const done = await world.kubectl(kubectl, [
      "exec",
      "web",
      "--",
      "sh",
      "-c",
      "echo out; echo err >&2; exit 7",
    ]);
    assert.equal(done.stdout, "out\n");
    assert.match(done.stderr, /^err\n/);
    assert.match(done.stderr, /command terminated with exit code 7/);
    assert.equal(done.code, 7);
    const fine = await world.kubectl(kubectl, ["exec", "web", "--", "true"]);
    assert.deepEqual([fine.code, fine.stderr.replace(/Defaulted.*\n/, "")], [0, ""]);
    assert.deepEqual(new Set(world.upgrades), new Set([speaksWebSocket ? "v5.channel.k8s.io" : "SPDY/3.1"]));
    const none = await world.kubectl(kubectl, ["exec", "web", "--", "/no/such/file"]);
    assert.notEqual(none.code, 0);
    assert.match(none.stderr, /error executing command in container|ENOENT/);
  });

  test(`kubectl ${version} ends stdin, and moves megabytes both ways`, { skip }, async () => {
    await using world = await startWorld();
    const input = Buffer.alloc(8 << 20, "the quick brown fox ");
    const done = await world.kubectl(
      kubectl,
      ["exec", "-i", "web", "--", "sh", "-c", "cat; echo done >&2"],
      input,
    );
    assert.equal(done.code, 0, done.stderr);
    assert.ok(Buffer.from(done.stdout, "latin1").equals(input));
    assert.match(done.stderr, /done\n$/);
  });

  test(`kubectl ${version} gives a terminal, with its size`, { skip }, async () => {
    await using world = await startWorld();
    const line = ["exec", "-it", "web", "--", "sh", "-c", "tty; read word; echo got $word"];
    const done = await world.kubectl(kubectl, line, "hello\n", { tty: true });
    assert.match(done.stdout, /\/dev\/pts\/\d+/);
    assert.match(done.stdout, /got hello/);
    assert.match(done.stdout, /\[true\]/);
  });

  test(`kubectl ${version} attaches`, { skip }, async () => {
    await using world = await startWorld();
    const done = await world.kubectl(kubectl, ["attach", "-i", "web"], "to and fro\n");
    assert.equal(done.stdout, "to and fro\n");
  });

  test(`kubectl ${version} copies files in and out`, { skip }, async () => {
    await using world = await startWorld();
    const { directory } = world.rig.certificates;
    const content = Buffer.alloc(3 << 20, "0123456789");
    await writeFile(join(directory, "here"), content);
    const there = join(directory, "there");
    const into = await world.kubectl(kubectl, ["cp", join(directory, "here"), `default/web:${there}`]);
    assert.equal(into.code, 0, into.stderr);
    const back = await world.kubectl(kubectl, ["cp", `default/web:${there}`, join(directory, "back")]);
    assert.equal(back.code, 0, back.stderr);
    assert.equal(execFileSync("cmp", [join(directory, "here"), join(directory, "back")]).toString(), "");
  });

  test(`kubectl ${version} forwards ports`, { skip }, async () => {
    await using world = await startWorld();
    const big = Buffer.alloc(4 << 20, "abcdefgh");
    const target = createHttpServer((_, response) => response.end(big)).listen(0, "127.0.0.1");
    await once(target, "listening");
    const { port } = target.address() as AddressInfo;
    const child = world.spawn(kubectl, ["port-forward", "web", `:${port}`]);
    try {
      const [line] = (await once(child.stdout, "data")) as [Buffer];
      const local = /127\.0\.0\.1:(\d+)/.exec(line.toString())![1];
      for (let round = 0; round < 3; round++) {
        const bodies = await Promise.all(
          [1, 2, 3].map(async () => (await fetch(`http://127.0.0.1:${local}/`)).arrayBuffer()),
        );
        for (const body of bodies) assert.ok(Buffer.from(body).equals(big));
      }
      const wanted = speaksWebSocket ? "SPDY/3.1+portforward.k8s.io" : "SPDY/3.1";
      assert.deepEqual(new Set(world.upgrades), new Set([wanted]));
      target.closeAllConnections();
      target.close();
      await once(target, "close");
      const refused = connectTcp(Number(local), "127.0.0.1");
      refused.on("error", () => {}); // kubectl drops it when it ends
      const [err] = (await Promise.race([once(child.stderr, "data"), once(refused, "never")])) as [Buffer];
      assert.match(err.toString(), /error forwarding port \d+ to pod/);
      refused.destroy();
    } finally {
      target.closeAllConnections();
      target.close();
      child.kill();
    }
  });

  test(`kubectl ${version} reads and follows logs`, { skip }, async () => {
    await using world = await startWorld();
    const path = world.rig.containers.get("main")!.logPath;
    const at = "2026-01-02T03:04:05.6Z";
    await writeFile(path, `${at} stdout F one\n${at} stdout P tw\n${at} stdout F o\n${at} stderr F three\n`);
    assert.equal((await world.kubectl(kubectl, ["logs", "web"])).stdout, "one\ntwo\nthree\n");
    assert.equal((await world.kubectl(kubectl, ["logs", "web", "--tail=2"])).stdout, "two\nthree\n");
    const stamped = await world.kubectl(kubectl, ["logs", "web", "--timestamps", "--tail=1"]);
    assert.equal(stamped.stdout, "2026-01-02T03:04:05.600000000Z three\n");
    const child = world.spawn(kubectl, ["logs", "-f", "web", "--tail=1"]);
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    const until = async (text: string) => {
      while (!output.includes(text)) await once(child.stdout, "data");
    };
    await until("three");
    await appendFile(path, `${at} stdout F four\n`);
    await until("four");
    await rename(path, `${path}.old`);
    await appendFile(`${path}.old`, `${at} stdout F five\n`);
    await writeFile(path, `${at} stdout F six\n`);
    await until("six");
    world.rig.containers.set("main", { ...world.rig.containers.get("main")!, state: "exited" });
    await once(child, "close");
    assert.equal(output, "three\nfour\nfive\nsix\n");
  });
}

function kubectls(): string[] {
  return (process.env["KNARR_KUBECTL"] ?? "kubectl").split(":");
}

function versionOf(kubectl: string): string | undefined {
  try {
    const text = execFileSync(kubectl, ["version", "--client", "-o", "json"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    return (JSON.parse(text.toString()) as { clientVersion: { gitVersion: string } }).clientVersion
      .gitVersion;
  } catch {
    return undefined;
  }
}

interface World extends AsyncDisposable {
  readonly rig: Rig;
  /** What kubectl asked to upgrade to: nothing it had to fall back from. */
  readonly upgrades: string[];
  kubectl(
    file: string,
    args: readonly string[],
    input?: string | Buffer,
    options?: { readonly tty: boolean },
  ): Promise<{ code: number; stdout: string; stderr: string }>;
  spawn(
    file: string,
    args: readonly string[],
    options?: { readonly tty: boolean },
  ): ReturnType<typeof spawnPiped>;
}

async function startWorld(): Promise<World> {
  const rig = await startRig();
  const { directory } = rig.certificates;
  const logPath = join(directory, "0.log");
  rig.containers.set("main", { id: "id", state: "running", logPath, stdin: true, tty: false });
  const upgrades: string[] = [];
  const api = await startRelay(rig, upgrades);
  const server = `https://127.0.0.1:${(api.address() as AddressInfo).port}`;
  await writeFile(join(directory, "kubeconfig"), kubeconfig(server));
  const start: World["spawn"] = (file, args, options) => {
    const line = [file, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    const [command, ...rest] = options?.tty
      ? ["script", "-qec", `stty rows 24 cols 80; ${line}`, "/dev/null"]
      : [file, ...args];
    return spawnPiped(command!, rest, directory);
  };
  return {
    rig,
    upgrades,
    spawn: start,
    async kubectl(file, args, input = "", options) {
      const child = start(file, args, options);
      let [stdout, stderr] = ["", ""];
      child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString("latin1")));
      child.stderr.on("data", (chunk: Buffer) => (stderr += chunk));
      child.stdin.on("error", () => {}); // it may be done before it has read all
      // A terminal's end of input would be typed before the command is there to read the line.
      if (options?.tty) child.stdout.once("data", () => child.stdin.write(input));
      else child.stdin.end(input);
      const [code] = (await once(child, "close")) as [number];
      return { code, stdout, stderr };
    },
    async [Symbol.asyncDispose]() {
      api.close();
      api.closeAllConnections();
      await rig[Symbol.asyncDispose]();
    },
  };
}

function spawnPiped(file: string, args: readonly string[], directory: string) {
  const env = { ...process.env, KUBECONFIG: join(directory, "kubeconfig"), HOME: directory };
  return spawn(file, args, { env, stdio: ["pipe", "pipe", "pipe"] });
}

function kubeconfig(server: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server, "insecure-skip-tls-verify": true } }],
    users: [{ name: "u", user: { token: "x" } }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  });
}

/** Knows one pod, and passes what is for its node on to it: upgrades byte for byte. */
async function startRelay({ certificates, pods, server: node }: Rig, upgrades: string[]): Promise<Server> {
  const credentials = {
    ca: certificates.ca,
    cert: certificates.admin.certificate,
    key: certificates.admin.key,
  };
  const server = createServer({ cert: certificates.serving.certificate, key: certificates.serving.key });
  server.on("request", (request, response) => {
    const to = nodePath(request);
    if (to) {
      const options = { ...credentials, port: node.port, path: to, host: "127.0.0.1" };
      httpsRequest(options, (answer) => {
        response.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(response);
      }).end();
      return;
    }
    const body = apiAnswer(new URL(request.url!, "https://x").pathname, pods[0]!);
    response.writeHead(body ? 200 : 404, { "content-type": "application/json" });
    response.end(JSON.stringify(body ?? { kind: "Status", apiVersion: "v1", status: "Failure", code: 404 }));
  });
  server.on("upgrade", (request: IncomingMessage, client: Duplex, head: Buffer) => {
    upgrades.push(request.headers["sec-websocket-protocol"] ?? request.headers.upgrade!);
    const upstream = connect({ ...credentials, port: node.port, host: "127.0.0.1" }, () => {
      const headers = request.rawHeaders
        .map((text, index) => (index % 2 ? `${text}\r\n` : `${text}: `))
        .join("");
      upstream.write(`${request.method} ${nodePath(request)} HTTP/1.1\r\n${headers}\r\n`);
      upstream.write(head);
      client.pipe(upstream);
      upstream.pipe(client);
    });
    upstream.on("error", () => client.destroy());
    client.on("error", () => upstream.destroy());
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => client.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

const verbs: Record<string, string> = {
  exec: "exec/default/web/main",
  attach: "attach/default/web/main",
  portforward: "portForward/default/web",
  log: "containerLogs/default/web/main",
};

function nodePath(request: IncomingMessage): string | undefined {
  const url = new URL(request.url!, "https://x");
  const [, verb] = /^\/api\/v1\/namespaces\/default\/pods\/web\/(\w+)$/.exec(url.pathname) ?? [];
  return verb && verbs[verb] ? `/${verbs[verb]}${url.search}` : undefined;
}

function apiAnswer(path: string, pod: object): object | undefined {
  const verbs = ["get", "list"];
  const resources = [{ name: "pods", singularName: "pod", namespaced: true, kind: "Pod", verbs }];
  switch (path) {
    case "/api":
      return { kind: "APIVersions", versions: ["v1"] };
    case "/apis":
      return { kind: "APIGroupList", apiVersion: "v1", groups: [] };
    case "/api/v1":
      return { kind: "APIResourceList", groupVersion: "v1", resources };
    case "/version":
      return { major: "1", minor: "36", gitVersion: "v1.36.3" };
    case "/api/v1/namespaces/default/pods/web":
      return pod;
  }
  return undefined;
}
