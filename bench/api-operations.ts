/** What the API servers are asked for, each operation some hundred or thousand times a turn. */

import type { ApiClient } from "./api-client.ts";
import { sample, type Measured, type Sample } from "./measure.ts";
import { secret } from "./objects.ts";
import { quiet } from "./quiet.ts";
import {
  applyMap,
  CLIENTS,
  createMap,
  deleteMap,
  getPod,
  listPods,
  NAMESPACE,
  patchMap,
  secretsFromNow,
} from "./requests.ts";
import { watchAll } from "./watch-all.ts";

const WRITES = 3000;
const READS = 15_000;
const WATCHERS = 1000;
const WATCHED_WRITES = 300;
/** Few enough that upstream does not end watches whose buffers are full. */
const WRITERS = 4;
/** Sessions that carry the watches: upstream lets one have 100 streams, and a writer needs one too. */
const WATCHER_SESSIONS = 16;
const UNWATCHED = `create, ${WRITERS} clients, nobody watches`;
const WATCHED = `watch events, ${WATCHERS} watchers`;

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
  /** So many turns for one of the others: short ones, in some of which all garbage is collected. Default: 1. */
  readonly repeats?: number;
  /** `turn` is in the names of what it makes; an operation finds what the ones before it made in the same turn. */
  run(side: Side, turn: string): Promise<Sample>;
}

export const OPERATIONS: readonly Operation[] = [
  {
    name: "create, 16 clients",
    run: ({ client, pids }, turn) =>
      sample({ total: WRITES, clients: CLIENTS, pids }, (i) => createMap(client, `${turn}-${i}`)),
  },
  {
    name: "create, 1 client",
    run: ({ client, pids }, turn) =>
      sample({ total: WRITES / 6, clients: 1, pids }, (i) => createMap(client, `${turn}-one-${i}`)),
  },
  {
    name: "get a pod",
    run: ({ client, pids }) => sample({ total: READS, clients: CLIENTS, pids }, (i) => getPod(client, i)),
  },
  {
    name: "list 1,000 pods",
    run: ({ client, pids }) => sample({ total: 60, clients: 4, pids }, () => listPods(client)),
  },
  {
    name: "merge patch",
    run: ({ client, pids }, turn) =>
      sample({ total: WRITES, clients: CLIENTS, pids }, (i) => patchMap(client, `${turn}-${i}`, i)),
  },
  {
    name: "server-side apply",
    run: ({ client, pids }, turn) =>
      sample({ total: WRITES, clients: CLIENTS, pids }, (i) => applyMap(client, `${turn}-applied-${i}`)),
  },
  {
    name: UNWATCHED,
    repeats: 3,
    run: (side, turn) => createSecrets(side, "/api/v1/namespaces/default", turn),
  },
  { name: WATCHED, repeats: 3, run: createWatchedSecrets },
  {
    name: "delete",
    run: ({ client, pids }, turn) =>
      sample({ total: WRITES, clients: CLIENTS, pids }, (i) => deleteMap(client, `${turn}-${i}`)),
  },
];

/** Events delivered to all watchers together: with the creates that make them, as measured, and what is left without these. */
export function watchRows(rows: readonly Measured[]): Measured[] {
  const creates = rows.find(({ name }) => name === UNWATCHED)!;
  return rows.flatMap((watched) => {
    if (watched.name !== WATCHED) return [watched];
    const perEvent = { ...watched, perSecond: watched.perSecond * WATCHERS, cpu: watched.cpu / WATCHERS };
    const withoutCreates = (watched.cpu - creates.cpu) / WATCHERS;
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
  const path = await secretsFromNow(client);
  const means = { protocol: "HTTP/2", path: () => path, sessions: WATCHER_SESSIONS } as const;
  using watches = await watchAll(kubeconfig, WATCHERS, means);
  await quiet(pids); // that they were opened is not what is measured
  const whole = await sample({ total: 1, clients: 1, pids }, async () => {
    const all = watches.more(WATCHED_WRITES * WATCHERS);
    await createSecrets({ ...side, pids: [] }, NAMESPACE, turn);
    await all;
  });
  return { ...whole, latencies: new Float64Array(WATCHED_WRITES).fill(whole.latencies[0]!) };
}
