/**
 * Watches at scale: what an event to a hundred watchers costs over HTTP/2 and HTTP/1.1, how long it takes to get there, what watches cost that
 * select something else, and what they cost when nothing happens.
 */

import { setTimeout as delay } from "node:timers/promises";
import { ApiClient } from "./api-client.ts";
import { startLocalKnarr } from "./local-knarr.ts";
import { HEADER, measure, processorTime, residentMegabytes, row } from "./measure.ts";
import { watchAll } from "./watch-all.ts";

const WATCHERS = 100;
const WRITES = 1000;
const WRITERS = 4;
const IDLE = 1000;
const IDLE_SECONDS = 20;
const ELSEWHERE = 5000;

interface Bench {
  readonly kubeconfig: string;
  readonly pids: readonly number[];
  readonly client: ApiClient;
}

export async function run(): Promise<void> {
  await using knarr = await startLocalKnarr();
  using client = new ApiClient(knarr.kubeconfig);
  const bench = { kubeconfig: knarr.kubeconfig, pids: [knarr.serverPid], client };
  for (const name of ["warm", "busy", "other"])
    await client.must("POST", "/api/v1/namespaces", { metadata: { name } });
  await idle(bench);
  await measure("", { total: 3000, clients: 16, pids: [] }, creator(client, "warm"));
  console.log(`\n${HEADER}`);
  for (const protocol of ["HTTP/2", "HTTP/1.1"] as const) await fanOut(bench, protocol);
  await latency(bench);
  await elsewhere(bench);
}

let made = 0;

function creator(client: ApiClient, namespace: string): () => Promise<Buffer> {
  return () =>
    client.must("POST", `/api/v1/namespaces/${namespace}/secrets`, {
      metadata: { name: `w-${made++}` },
      stringData: { k: "v" },
    });
}

const busySecrets = (): string =>
  "/api/v1/namespaces/busy/secrets?watch=true&resourceVersion=0&timeoutSeconds=600";

async function fanOut(bench: Bench, protocol: "HTTP/2" | "HTTP/1.1"): Promise<void> {
  const { client, pids } = bench;
  const writes = { total: WRITES, clients: WRITERS, pids };
  const alone: number[] = [];
  const watched: number[] = [];
  const rates: number[] = [];
  // In turn, so that what else the machine does meets both alike.
  for (let round = 0; round < 3; round++) {
    await client.request("DELETE", "/api/v1/namespaces/busy/secrets");
    alone.push((await measure("", writes, creator(client, "busy"))).cpu);
    await client.request("DELETE", "/api/v1/namespaces/busy/secrets");
    using watches = await watchAll(bench.kubeconfig, WATCHERS, { protocol, path: busySecrets });
    const all = watches.more(WRITES * WATCHERS);
    const { cpu, perSecond } = await measure("", { total: 1, clients: 1, pids }, async () => {
      await measure("", { ...writes, pids: [] }, creator(client, "busy"));
      await all;
    });
    watched.push(cpu / WRITES);
    rates.push(perSecond * WRITES * WATCHERS);
  }
  const cpu = (median(watched) - median(alone)) / WATCHERS;
  const name = `event to one of ${WATCHERS} watchers, ${protocol}, without its create`;
  console.log(row({ name, perSecond: median(rates), p50: NaN, p99: NaN, cpu }));
}

/** From the create to the event at the last watcher, one at a time. */
async function latency(bench: Bench): Promise<void> {
  for (const watchers of [1, WATCHERS]) {
    using watches = await watchAll(bench.kubeconfig, watchers, {
      protocol: "HTTP/2",
      path: (i) => busySecretsFromNow(i),
    });
    const create = creator(bench.client, "busy");
    const one = async (): Promise<void> => {
      const seen = watches.more(watchers);
      await create();
      await seen;
    };
    console.log(
      row(
        await measure(
          `create until ${watchers} watcher${watchers > 1 ? "s" : ""} saw it`,
          {
            total: 500,
            clients: 1,
            pids: bench.pids,
          },
          one,
        ),
      ),
    );
  }
}

const busySecretsFromNow = (_: number): string =>
  "/api/v1/namespaces/busy/secrets?watch=true&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&timeoutSeconds=600";

/** Creates, while many watch other namespaces and other objects. */
async function elsewhere(bench: Bench): Promise<void> {
  const { client, pids } = bench;
  const writes = { total: 2000, clients: WRITERS, pids };
  console.log(row(await measure("create, 4 clients", writes, creator(client, "busy"))));
  using _ = await watchAll(bench.kubeconfig, ELSEWHERE, {
    protocol: "HTTP/2",
    path: (i) =>
      i % 2
        ? `/api/v1/namespaces/other/secrets?watch=true&resourceVersion=0&timeoutSeconds=600`
        : `/api/v1/namespaces/busy/secrets?watch=true&resourceVersion=0&timeoutSeconds=600&fieldSelector=metadata.name%3Dx-${i}`,
  });
  const name = `create, 4 clients, ${ELSEWHERE} watches elsewhere`;
  console.log(row(await measure(name, writes, creator(client, "busy"))));
}

async function idle(bench: Bench): Promise<void> {
  await delay(5000);
  const before = processorTime(bench.pids);
  await delay(IDLE_SECONDS * 1000);
  const without = processorTime(bench.pids) - before;
  const memory = residentMegabytes(bench.pids);
  using _ = await watchAll(bench.kubeconfig, IDLE, {
    protocol: "HTTP/2",
    path: () => "/api/v1/configmaps?watch=true&resourceVersion=0&allowWatchBookmarks=true&timeoutSeconds=600",
  });
  await delay(5000);
  const grown = residentMegabytes(bench.pids) - memory;
  const start = processorTime(bench.pids);
  await delay(IDLE_SECONDS * 1000);
  const percent = (processorTime(bench.pids) - start - without) / (IDLE_SECONDS * 10);
  console.log(
    `${IDLE} idle watches: ${percent.toFixed(2)} % of a core, ${((grown * 1000) / IDLE).toFixed(0)} KB each`,
  );
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
