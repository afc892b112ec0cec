/**
 * The paths through the API server that are profiled, each taken some thousand times a round. A round removes what it made, so that the
 * tenth meets as many objects as the first.
 */

import type { ApiClient } from "./api-client.ts";
import { measure } from "./measure.ts";
import { configMap, pod, secret } from "./objects.ts";
import { watchAll } from "./watch-all.ts";

const NAMESPACE = "/api/v1/namespaces/bench";
const MAPS = `${NAMESPACE}/configmaps`;
const SECRETS = `${NAMESPACE}/secrets`;
const CLIENTS = 16;
const LISTERS = 4;
const WRITERS = 4;
const PODS = 1000;
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

/** What all rounds read. */
export async function fill(client: ApiClient): Promise<void> {
  await client.must("POST", "/api/v1/namespaces", { metadata: { name: "bench" } });
  // Its controller may be later than the pods, which need it.
  await client.request("POST", `${NAMESPACE}/serviceaccounts`, `{"metadata":{"name":"default"}}`);
  await many(PODS, CLIENTS, (i) => client.must("POST", `${NAMESPACE}/pods`, pod(`p-${i}`)));
}

/** Every path, one round. */
export async function walk(given: Walk): Promise<void> {
  const { client, round, observe } = given;
  const take = (path: string, times: number, operation: (i: number) => Promise<unknown>, clients = CLIENTS) =>
    observe(path, times, () => many(times, clients, operation));
  const created = (i: number): string => `c-${round}-${i}`;
  const applied = (i: number): string => `a-${round}-${i}`;

  await take("create", WRITES, (i) => client.must("POST", MAPS, configMap(created(i))));
  await take("get", READS, (i) => client.must("GET", `${NAMESPACE}/pods/p-${i % PODS}`));
  await take("list of 1,000 pods", LISTS, () => client.must("GET", `${NAMESPACE}/pods`), LISTERS);
  await take("merge patch", WRITES, (i) =>
    client.must("PATCH", `${MAPS}/${created(i)}`, { data: { k: `${i}` } }, "application/merge-patch+json"),
  );
  await take("apply", WRITES, (i) => {
    const path = `${MAPS}/${applied(i)}?fieldManager=bench`;
    return client.must("PATCH", path, configMap(applied(i)), "application/apply-patch+yaml");
  });
  await watched(given);
  await take("delete", 2 * WRITES, (i) =>
    client.must("DELETE", `${MAPS}/${i < WRITES ? created(i) : applied(i - WRITES)}`),
  );
  await client.must("DELETE", SECRETS);
}

/** Creates, each until a hundred watchers have seen it. */
async function watched({ client, kubeconfig, round, observe }: Walk): Promise<void> {
  const list = JSON.parse(String(await client.must("GET", `${SECRETS}?limit=1`)));
  const path = (): string => `${SECRETS}?watch=true&resourceVersion=${list.metadata.resourceVersion}`;
  using watches = await watchAll(kubeconfig, WATCHERS, { protocol: "HTTP/2", path });
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
