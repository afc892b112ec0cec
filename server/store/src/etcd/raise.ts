/**
 * Raises the revision of an etcd that nobody uses yet, so that what moves in goes on where it was. From outside there is one way only: each
 * transaction that changes something is one revision. (Where etcd is at rest, `etcdutl snapshot restore --bump-revision` does it at once.)
 *
 * What they leave is forgotten on the way, so that etcd's file stays small. A raise that was ended goes on where it was.
 */

import { realClock } from "@knarr/std/clock.ts";
import { EtcdConnection, EtcdError, type EtcdAddress } from "./connection.ts";
import { compact, range, txn } from "./rpc.ts";

const KEY = Buffer.from("knarr/raising");
/** Under way at a time: they share etcd's syncs. */
const AT_ONCE = 256;
/** Revisions between two times of forgetting. */
const KEPT = 10_000;

export interface RaiseOptions extends EtcdAddress {
  /** Told of the revision that is reached, every now and then. */
  readonly report?: ((revision: number) => void) | undefined;
}

/** Resolves when the next revision is higher than `revision`. */
export async function raise(revision: number, { report, ...address }: RaiseOptions): Promise<void> {
  using connection = new EtcdConnection(address, realClock);
  let { revision: reached } = (await connection.read(range, { key: KEY })).header;
  const writer = async (until: number): Promise<void> => {
    const success = [{ requestPut: { key: KEY, value: Buffer.alloc(0) } }];
    while (reached < until) {
      // Sent twice it does no harm.
      const { header } = await connection.read(txn, { compare: [], success, failure: [] });
      reached = Math.max(reached, header.revision);
    }
  };
  while (reached < revision) {
    const until = Math.min(revision, reached + KEPT);
    await Promise.all(Array.from({ length: AT_ONCE }, () => writer(until)));
    await forget(connection, reached);
    report?.(reached);
  }
}

async function forget(connection: EtcdConnection, revision: number): Promise<void> {
  try {
    await connection.read(compact, { revision });
  } catch (err) {
    if (!(err instanceof EtcdError && err.isCompacted)) throw err; // it was sent twice
  }
}
