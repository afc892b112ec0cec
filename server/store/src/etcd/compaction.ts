/**
 * Forgetting history, by one of all the servers of one etcd, Knarr's and upstream's alike: upstream's protocol over the key
 * `compact_rev_key`.
 *
 * Its version is the clock of all: every five minutes a server tries to raise it from what it was when it last looked. Who succeeds forgets what is
 * older than the revision that it saw five minutes before; who does not takes the time from the key and tries again five minutes later. The value
 * says which revision history is kept from.
 */

import type { Clock } from "@knarr/std/clock.ts";
import type { EtcdConnection } from "./connection.ts";
import { bytesOf } from "./keys.ts";
import { compact, txn } from "./rpc.ts";

export const COMPACT_KEY = "compact_rev_key";
const INTERVAL_MS = 5 * 60_000;

/** The time, and the revision when it was looked at. */
export interface Tick {
  readonly time: number;
  readonly revision: number;
}

/** Runs until `signal` aborts. An etcd that does not answer is asked again five minutes later: writers meet that too, and tell. */
export async function compactTogether(
  connection: EtcdConnection,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  let last: Tick = { time: 0, revision: 0 };
  while (!signal.aborted) {
    await clock.sleep(INTERVAL_MS, signal).catch(() => {}); // aborted: the loop ends
    if (!signal.aborted) last = await compactOnce(connection, last).catch(() => last);
  }
}

/** One turn. */
export async function compactOnce(connection: EtcdConnection, { time, revision }: Tick): Promise<Tick> {
  const key = bytesOf(COMPACT_KEY);
  const { succeeded, header, responses } = await connection.once(txn, {
    compare: [{ key, target: "VERSION", version: time }],
    success: [{ requestPut: { key, value: Buffer.from(String(revision)) } }],
    failure: [{ requestRange: { key } }],
  });
  const now = header.revision;
  if (!succeeded) return { time: responses[0]!.responseRange!.kvs[0]?.version ?? 0, revision: now };
  if (revision > 0) await connection.once(compact, { revision });
  return { time: time + 1, revision: now };
}
