/** The requests of which the benchmarks of the API's operations are made, and what all of them find. */

import type { ApiClient } from "./api-client.ts";
import { sample } from "./measure.ts";
import { configMap, pod } from "./objects.ts";

export const NAMESPACE = "/api/v1/namespaces/bench";
const MAPS = `${NAMESPACE}/configmaps`;
const PODS = 1000;
/** At a time, where many ask. */
export const CLIENTS = 16;

/** What all rounds read. */
export async function fill(client: ApiClient): Promise<void> {
  const metadata = { name: "bench" };
  await client.must("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata });
  // Its controller may be later than the pods, which need it, and upstream runs without one here.
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } };
  await client.request("POST", `${NAMESPACE}/serviceaccounts`, JSON.stringify(account));
  await sample({ total: PODS, clients: CLIENTS, pids: [] }, (i) =>
    client.must("POST", `${NAMESPACE}/pods`, pod(`p-${i}`)),
  );
}

export const createMap = (client: ApiClient, name: string) => client.must("POST", MAPS, configMap(name));

export const patchMap = (client: ApiClient, name: string, value: number) =>
  client.must("PATCH", `${MAPS}/${name}`, { data: { k: `${value}` } }, "application/merge-patch+json");

export const applyMap = (client: ApiClient, name: string) =>
  client.must("PATCH", `${MAPS}/${name}?fieldManager=bench`, configMap(name), "application/apply-patch+yaml");

export const deleteMap = (client: ApiClient, name: string) => client.must("DELETE", `${MAPS}/${name}`);

/** One of the pods, in turn. */
export const getPod = (client: ApiClient, i: number) => client.must("GET", `${NAMESPACE}/pods/p-${i % PODS}`);

export const listPods = (client: ApiClient) => client.must("GET", `${NAMESPACE}/pods`);

/** Where a watch of the Secrets begins that is to see only what comes. */
export async function secretsFromNow(client: ApiClient): Promise<string> {
  const list = JSON.parse(String(await client.must("GET", `${NAMESPACE}/secrets?limit=1`)));
  return `${NAMESPACE}/secrets?watch=true&resourceVersion=${list.metadata.resourceVersion}`;
}
