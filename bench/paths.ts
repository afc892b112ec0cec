/**
 * The paths through the API server that are profiled, each taken some thousand times a round. A round removes what it made, so that the
 * tenth meets as many objects as the first.
 */

import type { ApiClient } from "./api-client.ts";
import { measure } from "./measure.ts";
import { secret } from "./objects.ts";
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

const SECRETS = `${NAMESPACE}/secrets`;
const LISTERS = 4;
const WRITERS = 4;
const WRITES = 5000;
const READS = 10_000;
const LISTS = 400;
const WATCHERS = 100;
const WATCHED_WRITES = 500;

/** Rounds until V8 has compiled what it will: some 20,000 requests. */
export const WARM_ROUNDS = 5;

/** Does `work`, which takes `path` so many times, and looks at the server meanwhile. */
export type Observe = (path: string, times: number, work: () => Promise<void>) => Promise<void>;

export interface Walk {
  readonly client: ApiClient;
  readonly kubeconfig: string;
  /** In the names of what it makes. */
  readonly round: number;
  readonly observe: Observe;
}

/** Every path, one round. */
export async function walk(given: Walk): Promise<void> {
  const { client, round, observe } = given;
  const take = (path: string, times: number, operation: (i: number) => Promise<unknown>, clients = CLIENTS) =>
    observe(path, times, () => many(times, clients, operation));
  const created = (i: number): string => `c-${round}-${i}`;
  const applied = (i: number): string => `a-${round}-${i}`;

  await take("create", WRITES, (i) => createMap(client, created(i)));
  await take("get", READS, (i) => getPod(client, i));
  await take("list of 1,000 pods", LISTS, () => listPods(client), LISTERS);
  await take("merge patch", WRITES, (i) => patchMap(client, created(i), i));
  await take("apply", WRITES, (i) => applyMap(client, applied(i)));
  await watched(given);
  await take("delete", 2 * WRITES, (i) => deleteMap(client, i < WRITES ? created(i) : applied(i - WRITES)));
  await client.must("DELETE", SECRETS);
}

/** Creates, each until a hundred watchers have seen it. */
async function watched({ client, kubeconfig, round, observe }: Walk): Promise<void> {
  const path = await secretsFromNow(client);
  using watches = await watchAll(kubeconfig, WATCHERS, { protocol: "HTTP/2", path: () => path });
  await observe(`create and ${WATCHERS} watch events`, WATCHED_WRITES, async () => {
    const all = watches.more(WATCHED_WRITES * WATCHERS);
    await many(WATCHED_WRITES, WRITERS, (i) => client.must("POST", SECRETS, secret(`s-${round}-${i}`)));
    await all;
  });
}

async function many(
  total: number,
  clients: number,
  operation: (i: number) => Promise<unknown>,
): Promise<void> {
  await measure("", { total, clients, pids: [] }, operation);
}
