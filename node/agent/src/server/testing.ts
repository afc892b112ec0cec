/**
 * A node's server to be tried against: certificates of its own, an API that answers reviews, and a runtime whose "containers" are
 * processes of this machine.
 */

import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Transport, TransportAnswer, TransportRequest } from "@knarr/client/transport.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { realClock } from "@knarr/std/clock.ts";
import { silent } from "@knarr/std/log.ts";
import { ExecTimeout, type ContainerRef, type ProcessIo, type RuntimeAccess } from "../runtime-access.ts";
import { NodeServer } from "./node-server.ts";

export interface Certificates extends Disposable {
  readonly directory: string;
  readonly ca: string;
  readonly serving: { readonly certificate: string; readonly key: string };
  /** Of `system:masters`. */
  readonly admin: { readonly certificate: string; readonly key: string };
  /** Of somebody of no group. */
  readonly guest: { readonly certificate: string; readonly key: string };
}

/** Made by openssl, for 127.0.0.1. */
export function makeCertificates(): Certificates {
  const directory = mkdtempSync(join(tmpdir(), "knarr-server-"));
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: directory, stdio: "pipe" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl(
    "req",
    "-x509",
    ...newKey,
    "-keyout",
    "ca.key",
    "-out",
    "ca.crt",
    "-subj",
    "/CN=test-ca",
    "-days",
    "2",
  );
  const issue = (name: string, subject: string, extension: string) => {
    openssl("req", ...newKey, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", subject);
    writeFileSync(join(directory, `${name}.ext`), extension);
    const signed = [
      "-CA",
      "ca.crt",
      "-CAkey",
      "ca.key",
      "-CAcreateserial",
      "-days",
      "2",
      "-extfile",
      `${name}.ext`,
    ];
    openssl("x509", "-req", "-in", `${name}.csr`, "-out", `${name}.crt`, ...signed);
    const read = (suffix: string) => readFileSync(join(directory, `${name}.${suffix}`), "utf8");
    return { certificate: read("crt"), key: read("key") };
  };
  return {
    directory,
    serving: issue("serving", "/CN=node", "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n"),
    admin: issue("admin", "/O=system:masters/CN=admin", "extendedKeyUsage=clientAuth\n"),
    guest: issue("guest", "/CN=guest", "extendedKeyUsage=clientAuth\n"),
    ca: readFileSync(join(directory, "ca.crt"), "utf8"),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true }),
  };
}

export interface Rig extends AsyncDisposable {
  readonly server: NodeServer;
  readonly certificates: Certificates;
  readonly pods: Pod[];
  readonly containers: Map<string, ContainerRef>;
  /** What the API was asked, as `kind spec`. */
  readonly reviews: string[];
  /** `user verb subresource` that may be done. */
  readonly allowed: Set<string>;
}

export async function startRig(): Promise<Rig> {
  const certificates = makeCertificates();
  const rig = {
    certificates,
    pods: [makePod()],
    containers: new Map(),
    reviews: [],
    allowed: new Set<string>(),
  };
  const server = await NodeServer.start({
    nodeName: "n1",
    port: 0,
    address: "127.0.0.1",
    certificate: certificates.serving,
    clientCa: certificates.ca,
    transport: { request: (request: TransportRequest) => review(request, rig) } as unknown as Transport,
    runtime: localRuntime(rig.containers),
    pods: () => rig.pods,
    figures: {
      resource: async () => "node_cpu_usage_seconds_total 1\n",
      summary: async () => ({ node: { nodeName: "n1" } }),
    },
    clock: realClock,
    log: silent,
  });
  return {
    ...rig,
    server,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      certificates[Symbol.dispose]();
    },
  };
}

export function makePod(): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace: "default", uid: "uid-web" },
    spec: { nodeName: "n1", containers: [{ name: "main", image: "i" }] },
    status: {
      phase: "Running",
      containerStatuses: [
        { name: "main", image: "i", imageID: "", ready: true, restartCount: 0, state: { running: {} } },
      ],
    },
  };
}

async function review(
  { path, body }: TransportRequest,
  { reviews, allowed }: Pick<Rig, "reviews" | "allowed">,
): Promise<TransportAnswer> {
  const { kind, spec } = body as { kind: string; spec: Record<string, any> };
  reviews.push(`${kind} ${JSON.stringify(spec)}`);
  if (path === "/apis/authentication.k8s.io/v1/tokenreviews") {
    const user = {
      username: "system:serviceaccount:monitoring:prometheus",
      groups: ["system:serviceaccounts"],
    };
    const status = spec["token"] === "good" ? { authenticated: true, user } : { authenticated: false };
    return { code: 201, warnings: [], body: { kind, spec, status } };
  }
  const { verb, subresource } = spec["resourceAttributes"];
  const status = { allowed: allowed.has(`${spec["user"]} ${verb} ${subresource}`) };
  return { code: 201, warnings: [], body: { kind, spec, status } };
}

/** Containers are processes of this machine; with a terminal, of script(1)'s making. */
function localRuntime(containers: Rig["containers"]): RuntimeAccess {
  return {
    container: (_, name, { previous = false } = {}) => containers.get(previous ? `${name}/previous` : name),
    execSync: (_, [file, ...args], timeout) =>
      new Promise((resolve, reject) => {
        execFile(file!, args, { timeout, encoding: "buffer" }, (err, stdout, stderr) => {
          if (err?.killed) reject(new ExecTimeout());
          else resolve({ exitCode: typeof err?.code === "number" ? err.code : 0, stdout, stderr });
        });
      }),
    exec: async (_, command, io, signal) => ({ exitCode: await runProcess(command, io, signal) }),
    attach: async (_, io, signal) => {
      await runProcess(["cat"], io, signal);
    },
    async dial(_, port, signal) {
      const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
      socket.on("error", () => {}); // also when nobody waits any more
      await once(socket, "connect", { signal });
      return socket;
    },
  };
}

async function runProcess(command: readonly string[], io: ProcessIo, signal: AbortSignal): Promise<number> {
  const line = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  const [file, ...args] = io.tty ? ["script", "-qec", line, "/dev/null"] : command;
  const child = spawn(file!, args, { signal });
  const output = Promise.allSettled([
    io.stdout && pipeline(child.stdout, io.stdout, { end: false }),
    io.stderr && pipeline(child.stderr, io.stderr, { end: false }),
  ]);
  if (io.stdin) pipeline(io.stdin, child.stdin).catch(() => child.stdin.destroy());
  else child.stdin.end();
  const sizes = (async () => {
    for await (const { width, height } of io.resizes ?? []) io.stdout?.write(`[${width > 0 && height > 0}]`);
  })();
  const [code] = (await once(child, "close")) as [number];
  await output;
  sizes.catch(() => {});
  return code;
}
