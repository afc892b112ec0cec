/**
 * Which servers serve the cluster now: each says so, again and again, by an entry of the shared store that ends by itself when it does not,
 * `/registry/masterleases/<address>`, as upstream's servers do. All of them are the endpoints of the Service `kubernetes`.
 */

import type { Clock } from "@knarr/std/clock.ts";
import { RevisionChanged, type Store } from "@knarr/store/store.ts";
import { MASTER_LEASES as PREFIX } from "../cache/store-keys.ts";

/** Upstream's: a server that is gone is no endpoint any more after so long. */
const SECONDS = 15;
const RENEW_MS = 10_000;

export interface MasterLeasesOptions {
  readonly store: Store;
  readonly address: string;
  readonly clock: Clock;
  /** Told at every turn. */
  publish(addresses: readonly string[]): Promise<void>;
  onError(err: unknown): void;
}

/** Runs until `signal` aborts, then takes its own entry away. The first turn is taken before it resolves: `running` goes on. */
export async function keepMasterLease(
  options: MasterLeasesOptions,
  signal: AbortSignal,
): Promise<{ readonly running: Promise<void> }> {
  await turn(options);
  return { running: renew(options, signal) };
}

async function renew(options: MasterLeasesOptions, signal: AbortSignal): Promise<void> {
  const { store, address, clock, onError } = options;
  while (!signal.aborted) {
    await clock.sleep(RENEW_MS, signal).catch(() => {}); // aborted: the loop ends
    if (!signal.aborted) await turn(options).catch(onError);
  }
  await remove(store, PREFIX + address).catch(() => {}); // it ends by itself, then
}

async function turn({ store, address, publish }: MasterLeasesOptions): Promise<void> {
  await say(store, address);
  const { entries } = await store.list(PREFIX);
  await publish(entries.map(({ key }) => key.slice(PREFIX.length)));
}

/** In upstream's form: Endpoints whose generation rises, so that no two are the same. */
async function say(store: Store, address: string): Promise<void> {
  const key = PREFIX + address;
  const current = await store.get(key);
  const revision = current?.revision ?? 0;
  const lease = {
    kind: "Endpoints",
    apiVersion: "v1",
    metadata: { generation: revision + 1 },
    subsets: [{ addresses: [{ ip: address }] }],
  };
  try {
    await store.put(key, Buffer.from(JSON.stringify(lease)), revision, { seconds: SECONDS });
  } catch (err) {
    if (!(err instanceof RevisionChanged)) throw err; // it has ended just now: the next turn is soon
  }
}

async function remove(store: Store, key: string): Promise<void> {
  const current = await store.get(key);
  if (current) await store.delete(key, current.revision);
}
