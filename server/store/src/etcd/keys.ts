/** Keys as etcd has them: bytes, and ranges of bytes. */

import type { Change, Entry } from "../store.ts";
import type { KeyValue, WatchResponse } from "./rpc.ts";

/** From the first key there may be to the last, as etcd writes it. */
export const EVERYTHING = { key: Buffer.from([0]), rangeEnd: Buffer.from([0]) };

export const bytesOf = (key: string): Buffer => Buffer.from(key);

/** All keys with `prefix` that come after `after`. */
export function rangeOf(prefix: string, after?: string): { key: Buffer; rangeEnd: Buffer } {
  const rangeEnd = Buffer.from(prefix);
  rangeEnd[rangeEnd.length - 1]!++; // a prefix ends in ASCII
  const isInside = after !== undefined && after >= prefix;
  return { key: Buffer.from(isInside ? `${after}\0` : prefix), rangeEnd };
}

export function entryOf({ key, value, modRevision, createRevision }: KeyValue): Entry {
  return { key: key.toString(), value, revision: modRevision, created: createRevision };
}

export function changeOf({ type, kv, prevKv }: WatchResponse["events"][number]): Change {
  const entry = entryOf(kv);
  if (type === "PUT") return { type: "put", entry };
  // What it was is not known any more when it was compacted meanwhile.
  const { value = Buffer.alloc(0), created = 0 } = prevKv ? entryOf(prevKv) : {};
  return { type: "delete", entry: { ...entry, value, created } };
}
