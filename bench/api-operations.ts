/** What the API servers are asked for, each operation some hundred or thousand times a turn. */

import { ApiClient } from "./api-client.ts";
import { sample, type Measured, type Sample } from "./measure.ts";
import { configMap, pod, secret } from "./objects.ts";

const NAMESPACE = "/api/v1/namespaces/bench";
const MAPS = `${NAMESPACE}/configmaps`;
const CLIENTS = 16;
const PODS = 1000;
const WRITES = 3000;
const READS = 15_000;
const WATCHERS = 1000;
const WATCHED_WRITES = 300;
/** Few enough that upstream does not end watches whose buffers are full. */
const WRITERS = 4;
/** Sessions that carry the watches: upstream lets one have 100 streams, and a writer needs one too. */
const WATCHER_SESSIONS = 16;

/** A server that takes part. */
export interface Side {
  readonly title: string;
  readonly client: ApiClient;
  readonly kubeconfig: string;
  /** Of its processes. */
  readonly pids: readonly number[];
}

interface Operation {
  readonly name: string;
  /** `turn` is in the names of what it makes; an operation finds what the ones before it made in the same turn. */
  run(side: Side, turn: string): Promise<Sample>;
}

/** What all turns read. */
export async function prepare({ client, pids }: Side): Promise<void> {
  const metadata = { name: "bench" };
  await client.must("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata });
  // Upstream runs without its controllers here, ours with: whoever makes the account, pods need it.
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } };
  await client.request("POST", `${NAMESPACE}/serviceaccounts`, JSON.stringify(account));
  await sample({ total: PODS, clients: CLIENTS, pids }, (i) =>
    client.must("POST", `${NAMESPACE}/pods`, pod(`p-${i}`)),
  );
}

export const OPERATIONS: readonly Operation[] = [
  {
    name: "create, 16 clients",
    run: ({ client, pids }, turn) =>
      sample({ total: WRITES, clients: CLIENTS, pids }, (i) =>
        client.must("POST", MAPS, configMap(`${turn}-${i}`)),
      ),
  },
  {
    name: "create, 1 client",
    run: ({ client, pids }, turn) =>
      sample({ total: WRITES / 6, clients: 1, pids }, (i) =>
        client.must("POST", MAPS, configMap(`${turn}-one-${i}`)),
      ),
  },
  {
    name: "get a pod",
    run: ({ client, pids }) =>
      sample({ total: READS, clients: CLIENTS, pids }, (i) =>
        client.must("GET", `${NAMESPACE}/pods/p-${i % PODS}`),
      ),
  },
  {
    name: "list 1,000 pods",
    run: ({ client, pids }) =>
      sample({ total: 60, clients: 4, pids }, () => client.must("GET", `${NAMESPACE}/pods`)),
  },
  {
    name: "merge patch",
    run: ({ client, pids }, turn) =>
      sample({ total: WRITES, clients: CLIENTS, pids }, (i) =>
        client.must("PATCH", `${MAPS}/${turn}-${i}`, { data: { k: `${i}` } }, "application/merge-patch+json"),
      ),
  },
  {
    name: "server-side apply",
    run: ({ client, pids }, turn) =>
      sample({ total: WRITES, clients: CLIENTS, pids }, (i) => {
        const name = `${turn}-applied-${i}`;
        const path = `${MAPS}/${name}?fieldManager=bench`;
        return client.must("PATCH", path, configMap(name), "application/apply-patch+yaml");
      }),
  },
  {
    name: "create, 4 clients, nobody watches",
    run: (side, turn) => createSecrets(side, "/api/v1/namespaces/default", turn),
  },
  { name: `watch events, ${WATCHERS} watchers`, run: createWatchedSecrets },
  {
    name: "delete",
    run: ({ client, pids }, turn) =>
      sample({ total: WRITES, clients: CLIENTS, pids }, (i) => client.must("DELETE", `${MAPS}/${turn}-${i}`)),
  },
];

/** Events delivered to all watchers together: with the creates that make them, as measured, and what is left without these. */
export function watchRows(rows: readonly Measured[]): Measured[] {
  return rows.flatMap((watched, i) => {
    if (!watched.name.startsWith("watch events")) return [watched];
    const perEvent = { ...watched, perSecond: watched.perSecond * WATCHERS, cpu: watched.cpu / WATCHERS };
    const withoutCreates = (watched.cpu - rows[i - 1]!.cpu) / WATCHERS;
    return [perEvent, { ...perEvent, name: `${watched.name}, without the creates`, cpu: withoutCreates }];
  });
}

function createSecrets({ client, pids }: Side, namespace: string, turn: string): Promise<Sample> {
  return sample({ total: WATCHED_WRITES, clients: WRITERS, pids }, (i) =>
    client.must("POST", `${namespace}/secrets`, secret(`${turn}-${i}`)),
  );
}

/** Secrets while many watch: it ends with the last event at the last watcher, and is counted by creates. */
async function createWatchedSecrets(side: Side, turn: string): Promise<Sample> {
  const { client, kubeconfig, pids } = side;
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
  const whole = await sample({ total: 1, clients: 1, pids }, async () => {
    await createSecrets({ ...side, pids: [] }, NAMESPACE, turn);
    await all.promise;
  });
  for (const { close } of watches) close();
  return { ...whole, latencies: new Float64Array(WATCHED_WRITES).fill(whole.latencies[0]!) };
}
