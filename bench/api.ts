/**
 * The API server under load: creates, gets, lists, patches, applies, watch events, deletes; the same work against ours and, when
 * its binaries are at hand (CONFORMANCE_DIR), upstream's kube-apiserver with etcd in the same run.
 */

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ApiClient } from "./api-client.ts";
import { startLocalKnarr } from "./local-knarr.ts";
import { HEADER, measure, residentMegabytes, row, type Measured } from "./measure.ts";
import { configMap, pod, secret } from "./objects.ts";

const NAMESPACE = "/api/v1/namespaces/bench";
const CLIENTS = 16;
/** So many that one collection of all garbage, for which all clients wait, is not one in a hundred. */
const MEASURED_WRITES = 8000;
const PODS = 1000;
const WATCHERS = 1000;
const WATCHED_WRITES = 300;
/** Few enough that upstream does not end watches whose buffers are full. */
const WRITERS = 4;
/** Sessions that carry the watches: upstream lets one have 100 streams, and a writer needs one too. */
const WATCHER_SESSIONS = 16;
/** What takes longer hangs. */
const PATIENCE_MS = 600_000;

export async function run(): Promise<void> {
  const ours = await loadKnarr();
  const theirs = await withUpstream((kubeconfig, pids) => load("kube-apiserver and etcd", kubeconfig, pids));
  if (!theirs) return console.log("\nNo upstream binaries in CONFORMANCE_DIR: nothing to compare with.");
  console.log(
    "\n| operation | operations a second, ratio | operations a CPU second, ratio | our p99 for their p50 |\n|---|---|---|---|",
  );
  for (const [i, { name, perSecond, cpu, p99 }] of ours.entries()) {
    const peer = theirs[i]!;
    const ratios = [perSecond / peer.perSecond, peer.cpu / cpu, p99 / peer.p50];
    console.log(`| ${name} | ${ratios.map((ratio) => ratio.toFixed(1)).join(" | ")} |`);
  }
}

async function loadKnarr(): Promise<Measured[]> {
  await using knarr = await startLocalKnarr();
  return await load("Knarr", knarr.kubeconfig, [knarr.serverPid]);
}

async function load(title: string, kubeconfig: string, pids: readonly number[]): Promise<Measured[]> {
  const work = loadWith(title, kubeconfig, pids);
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`${title} did not do its work within ${PATIENCE_MS / 1000} s`)),
    PATIENCE_MS,
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function loadWith(title: string, kubeconfig: string, pids: readonly number[]): Promise<Measured[]> {
  using client = new ApiClient(kubeconfig);
  await client.must("POST", "/api/v1/namespaces", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "bench" },
  });
  // Upstream runs without its controllers here, ours with: whoever makes the account, pods need it.
  await client.request(
    "POST",
    `${NAMESPACE}/serviceaccounts`,
    JSON.stringify({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } }),
  );
  console.log(`\n### ${title} (at rest ${residentMegabytes(pids).toFixed(0)} MB)\n\n${HEADER}`);
  await measure("", { total: PODS, clients: CLIENTS, pids }, (i) =>
    client.must("POST", `${NAMESPACE}/pods`, pod(`p-${i}`)),
  );
  // What is measured is a server that has been up for a while, not its compiler, which is at work for some 20,000 requests.
  for (const round of ["first", "second", "third"])
    await work({ client, kubeconfig, pids, round, writes: 2000 });
  const results = await work({ client, kubeconfig, pids, round: "measured", writes: MEASURED_WRITES });
  for (const measured of results) console.log(row(measured));
  console.log(`\nAfter the load: ${residentMegabytes(pids).toFixed(0)} MB`);
  return results;
}

interface Round {
  readonly client: ApiClient;
  readonly kubeconfig: string;
  readonly pids: readonly number[];
  /** In the names of what it makes. */
  readonly round: string;
  readonly writes: number;
}

/** Every operation once. */
async function work(given: Round): Promise<Measured[]> {
  const { client, pids, round, writes } = given;
  const many = { total: writes, clients: CLIENTS, pids };
  const maps = `${NAMESPACE}/configmaps`;
  const create = (prefix: string) => (i: number) => client.must("POST", maps, configMap(`${prefix}-${i}`));
  const patch = (i: number) =>
    client.must("PATCH", `${maps}/${round}-${i}`, { data: { k: `${i}` } }, "application/merge-patch+json");
  const apply = (i: number) => {
    const name = `${round}-applied-${i}`;
    const path = `${maps}/${name}?fieldManager=bench`;
    return client.must("PATCH", path, configMap(name), "application/apply-patch+yaml");
  };
  const results = [
    await measure("create, 16 clients", many, create(round)),
    await measure("create, 1 client", { total: 1000, clients: 1, pids }, create(`${round}-one`)),
    await measure("get a pod", { ...many, total: 3 * writes }, (i) =>
      client.must("GET", `${NAMESPACE}/pods/p-${i % PODS}`),
    ),
    await measure("list 1,000 pods", { total: 100, clients: 4, pids }, () =>
      client.must("GET", `${NAMESPACE}/pods`),
    ),
    await measure("merge patch", many, patch),
    await measure("server-side apply", many, apply),
    ...(await watchFanOut(given)),
    await measure("delete", many, (i) => client.must("DELETE", `${maps}/${round}-${i}`)),
  ];
  return results;
}

/** Events delivered to all watchers together: with the creates that make them, and what is left without these. */
async function watchFanOut(given: Round): Promise<Measured[]> {
  const unseen: Measured[] = [];
  const seen: Measured[] = [];
  // In turn, so that what else the machine does meets both alike.
  for (const turn of ["a", "b"]) {
    unseen.push(await createSecrets(given, "/api/v1/namespaces/default", turn));
    seen.push(await createWatchedSecrets(given, turn));
  }
  const [create, watched] = [mean(unseen), mean(seen)];
  const delivered = {
    ...watched,
    name: `watch events, ${WATCHERS} watchers`,
    perSecond: watched.perSecond * WATCHERS,
    cpu: watched.cpu / WATCHERS,
  };
  const withoutCreates = (watched.cpu - create.cpu) / WATCHERS;
  return [
    create,
    delivered,
    { ...delivered, name: `${delivered.name}, without the creates`, cpu: withoutCreates },
  ];
}

function mean([first, second]: readonly Measured[]): Measured {
  const of = (figure: "perSecond" | "p50" | "p99" | "cpu"): number => (first![figure] + second![figure]) / 2;
  return { name: first!.name, perSecond: of("perSecond"), p50: of("p50"), p99: of("p99"), cpu: of("cpu") };
}

function createSecrets({ client, pids, round }: Round, namespace: string, turn: string): Promise<Measured> {
  const name = `create, ${WRITERS} clients, nobody watches`;
  return measure(name, { total: WATCHED_WRITES, clients: WRITERS, pids }, (i) =>
    client.must("POST", `${namespace}/secrets`, secret(`${round}-${turn}-${i}`)),
  );
}

/** The same while many watch: it ends with the last event at the last watcher, and each create's share is given. */
async function createWatchedSecrets(given: Round, turn: string): Promise<Measured> {
  const { client, kubeconfig, pids } = given;
  using sessions = new DisposableStack();
  const followers = Array.from({ length: WATCHER_SESSIONS }, () => sessions.use(new ApiClient(kubeconfig)));
  const secrets = await client.must("GET", `${NAMESPACE}/secrets?limit=1`);
  const from = `&resourceVersion=${JSON.parse(String(secrets)).metadata.resourceVersion}`;
  let seen = 0;
  const all = Promise.withResolvers<void>();
  const watches = Array.from({ length: WATCHERS }, (_, i) =>
    followers[i % WATCHER_SESSIONS]!.watch(`${NAMESPACE}/secrets?watch=true${from}`, (count) => {
      if ((seen += count) >= WATCHED_WRITES * WATCHERS) all.resolve();
    }),
  );
  await Promise.all(watches.map(({ open }) => open));
  const whole = await measure("", { total: 1, clients: 1, pids }, async () => {
    await createSecrets({ ...given, pids: [] }, NAMESPACE, turn);
    await all.promise;
  });
  for (const { close } of watches) close();
  return { ...whole, perSecond: whole.perSecond * WATCHED_WRITES, cpu: whole.cpu / WATCHED_WRITES };
}

async function withUpstream<T>(
  work: (kubeconfig: string, pids: readonly number[]) => Promise<T>,
): Promise<T | undefined> {
  const folder = process.env["CONFORMANCE_DIR"] ?? "/var/cache/knarr-conformance";
  const script = join(import.meta.dirname, "..", "..", "shared", "conformance", "upstream.sh");
  if (!existsSync(join(folder, "bin", "kube-apiserver")) || !existsSync(script)) return undefined;
  // One of its own: somebody may compare answers with another on the ports that are usual.
  const own = mkdtempSync(join(tmpdir(), "knarr-bench-upstream-"));
  const ports = { UPSTREAM_PORT: "17444", UPSTREAM_ETCD_PORT: "17379" };
  const env = { ...process.env, CONFORMANCE_DIR: folder, UPSTREAM_DIR: own, ...ports };
  execFileSync("bash", [script, "up", "api"], { stdio: "ignore", env });
  try {
    const pidOf = (name: string): number => Number(readFileSync(join(own, `${name}.pid`), "utf8"));
    return await work(join(own, "admin.kubeconfig"), [pidOf("kube-apiserver"), pidOf("etcd")]);
  } finally {
    execFileSync("bash", [script, "down", "--purge"], { stdio: "ignore", env });
  }
}
