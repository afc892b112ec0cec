/**
 * Upstream's own kube-controller-manager and kube-scheduler on our API server, beside the same two on kube-apiserver, through the same churn:
 *
 *     tools/run tools/compiled-clients.ts --minutes 60 --out /tmp/compiled-clients
 *
 * Namespaces full of everything come, roll, scale, are disturbed and go, several at a time; nodes are made up, and their pods run as said. At the end the errors
 * in the logs of both pairs are counted, and those that only ours has are shown. It needs upstream's programs (../shared/conformance).
 */

import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { closeSync, copyFileSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { load } from "js-yaml";
import { HttpTransport } from "@knarr/client/http-transport.ts";
import { CertificateFolder } from "@knarr/distro/pki/certificates.ts";
import { writeKubeconfig } from "@knarr/distro/pki/kubeconfig.ts";
import { startLocalKnarr } from "../bench/local-knarr.ts";
import { startFakeKubelet } from "../test/api/fake-kubelet.ts";
import { churn } from "./churn.ts";

const shared = join(import.meta.dirname, "../../shared/conformance");
const programs = process.env["CONFORMANCE_DIR"] ?? "/var/cache/knarr-conformance";
const { values: args } = parseArgs({
  options: {
    minutes: { type: "string", default: "60" },
    streams: { type: "string", default: "3" },
    out: { type: "string", default: "/tmp/compiled-clients" },
  },
});
const PORT = 18443;
const until = Date.now() + Number(args.minutes) * 60_000;
mkdirSync(args.out, { recursive: true });

/** Upstream's two programs against one API server; their logs are `<name>-*.log`. */
interface Side extends AsyncDisposable {
  readonly name: string;
  readonly kubeconfig: string;
  readonly logs: Readonly<Record<"kube-controller-manager" | "kube-scheduler", string>>;
}

async function startOurs(): Promise<Side> {
  await using stack = new AsyncDisposableStack();
  const knarr = stack.use(
    await startLocalKnarr({ port: PORT, disable: "agent,dns,proxy,scheduler,controllers" }),
  );
  const folder = join(knarr.folder, "data", "pki");
  const certificates = new CertificateFolder(folder);
  const authority = await certificates.authority("ca", "knarr-ca");
  const kubeconfigOf = async (name: string): Promise<string> => {
    const client = await certificates.leaf(name, authority, { commonName: `system:${name}`, use: "client" });
    const path = join(knarr.folder, `${name}.yaml`);
    writeKubeconfig(path, { server: `https://127.0.0.1:${PORT}`, authority: authority.cert, client });
    return path;
  };
  const common = ["--leader-elect=false", "--secure-port=0"];
  const manager = ["--use-service-account-credentials", "--controllers=*,bootstrapsigner,tokencleaner"];
  const keys = [
    `--service-account-private-key-file=${join(folder, "service-account.key")}`,
    `--root-ca-file=${join(folder, "ca.crt")}`,
    `--cluster-signing-cert-file=${join(folder, "ca.crt")}`,
    `--cluster-signing-key-file=${join(folder, "ca.key")}`,
  ];
  const network = ["--allocate-node-cidrs", "--cluster-cidr=10.244.0.0/16"];
  const wordsOf = {
    "kube-controller-manager": [...common, ...manager, ...keys, ...network],
    "kube-scheduler": common,
  };
  const logs = {} as Record<keyof typeof wordsOf, string>;
  for (const name of ["kube-controller-manager", "kube-scheduler"] as const) {
    logs[name] = join(args.out, `ours-${name}.log`);
    const words = [`--kubeconfig=${await kubeconfigOf(name)}`, ...wordsOf[name]];
    stack.use(started(join(programs, "bin", name), words, logs[name]));
  }
  const held = stack.move();
  return {
    name: "ours",
    kubeconfig: knarr.kubeconfig,
    logs,
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

function started(program: string, words: readonly string[], log: string): Disposable {
  const file = openSync(log, "w");
  const child: ChildProcess = spawn(program, words, { stdio: ["ignore", file, file] });
  closeSync(file);
  return { [Symbol.dispose]: () => void child.kill() };
}

async function startTheirs(): Promise<Side> {
  const folder = join(args.out, "upstream");
  const env = {
    ...process.env,
    UPSTREAM_DIR: folder,
    UPSTREAM_PORT: String(PORT + 1000),
    UPSTREAM_ETCD_PORT: "22379",
  };
  const script = (...words: string[]): void => {
    execFileSync(join(shared, "upstream.sh"), words, { env, stdio: "inherit" });
  };
  script("down", "--purge"); // of a run that was killed
  script("up", "all");
  const logs = {
    "kube-controller-manager": join(folder, "kube-controller-manager.log"),
    "kube-scheduler": join(folder, "kube-scheduler.log"),
  };
  return {
    name: "theirs",
    kubeconfig: join(folder, "admin.kubeconfig"),
    logs,
    async [Symbol.asyncDispose]() {
      for (const [name, log] of Object.entries(logs)) copyFileSync(log, join(args.out, `theirs-${name}.log`));
      script("down", "--purge");
    },
  };
}

function transportOf(kubeconfig: string): HttpTransport {
  const { clusters, users } = load(readFileSync(kubeconfig, "utf8")) as any;
  const decode = (text: string): string => Buffer.from(text, "base64").toString();
  const { server, "certificate-authority-data": ca } = clusters[0].cluster;
  const { "client-certificate-data": cert, "client-key-data": key } = users[0].user;
  const certificate = () => ({ cert: decode(cert), key: decode(key) });
  return new HttpTransport({ server, ca: decode(ca), certificate, userAgent: "churn" });
}

async function run({ name, kubeconfig }: Side): Promise<void> {
  await using transport = transportOf(kubeconfig);
  await using nodes = new AsyncDisposableStack();
  for (const node of ["n1", "n2", "n3"]) nodes.use(await startFakeKubelet(transport, node));
  const streams = Array.from({ length: Number(args.streams) }, (_, stream) =>
    churn(transport, {
      until,
      stream,
      say: (text) => console.log(`${new Date().toISOString()} ${name}: ${text}`),
    }),
  );
  await Promise.all(streams);
}

/** klog's errors without what differs from run to run, counted. */
function errorsIn(path: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of readFileSync(path, "utf8").split("\n")) {
    const [, text] = /^E\d{4} [\d:.]+ +\d+ (.*)$/.exec(line) ?? [];
    if (text === undefined) continue;
    const shape = text
      .replace(/\b[0-9a-f]{8}-[0-9a-f-]{27}\b/g, "UID")
      .replace(/churn-\d+-\d+/g, "NAMESPACE")
      .replace(/:\d{5}\b/g, ":PORT")
      .replace(/-[bcdfghjklmnpqrstvwxz2456789]{5,10}(-[bcdfghjklmnpqrstvwxz2456789]{5})?\b/g, "-NAME")
      .replace(/\.[0-9a-f]{16}\b/g, ".EVENT")
      .replace(/ event="&Event\{.*|&v1\.DaemonSet\{.*(?=: )/, "")
      .replace(/\b\d+\b/g, "N");
    counts.set(shape, (counts.get(shape) ?? 0) + 1);
  }
  return counts;
}

await using sides = new AsyncDisposableStack();
const both = [sides.use(await startOurs()), sides.use(await startTheirs())] as const;
await Promise.all(both.map(run));
const [ours, theirs] = both;
for (const program of ["kube-controller-manager", "kube-scheduler"] as const) {
  const [mine, upstream] = [errorsIn(ours.logs[program]), errorsIn(theirs.logs[program])];
  const sum = (counts: Map<string, number>): number => [...counts.values()].reduce((a, b) => a + b, 0);
  console.log(
    `\n${program}: ${sum(mine)} errors on Knarr, ${sum(upstream)} on kube-apiserver; only on Knarr:`,
  );
  for (const [shape, count] of mine)
    if (!upstream.has(shape)) console.log(`  ${count} x ${shape.slice(0, 600)}`);
}
