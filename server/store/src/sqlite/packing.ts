/** Packs byte strings and entries for the way between threads, and unpacks them as views of the one buffer that came. */

import type { Entry } from "../store.ts";
import { DELETED, type Rows, type Values } from "./messages.ts";

export function packValues(values: readonly (Uint8Array | undefined)[]): Values {
  const lengths = new Int32Array(values.length);
  let total = 0;
  for (const [index, value] of values.entries()) {
    lengths[index] = value ? value.length : DELETED;
    total += value?.length ?? 0;
  }
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const value of values) {
    if (!value) continue;
    bytes.set(value, at);
    at += value.length;
  }
  return { lengths, bytes };
}

export function unpackValues({ lengths, bytes }: Values): (Uint8Array | undefined)[] {
  const values: (Uint8Array | undefined)[] = new Array(lengths.length);
  let at = 0;
  for (let i = 0; i < lengths.length; i++) {
    const length = lengths[i]!;
    values[i] = length === DELETED ? undefined : bytes.subarray(at, (at += length));
  }
  return values;
}

/** `undefined` for an entry that is absent. */
export function packRows(entries: readonly (Entry | undefined)[]): Rows {
  const unreadable: [number, string][] = [];
  for (const [index, entry] of entries.entries())
    if (entry?.unreadable !== undefined) unreadable.push([index, entry.unreadable]);
  return {
    keys: entries.map((entry) => entry?.key ?? ""),
    revisions: Float64Array.from(entries, (entry) => entry?.revision ?? 0),
    created: Float64Array.from(entries, (entry) => entry?.created ?? 0),
    values: packValues(entries.map((entry) => entry?.value)),
    unreadable,
  };
}

export function unpackRows({ keys, revisions, created, values, unreadable }: Rows): (Entry | undefined)[] {
  const entries = unpackValues(values).map((value, index): Entry | undefined =>
    value ? { key: keys[index]!, value, revision: revisions[index]!, created: created[index]! } : undefined,
  );
  for (const [index, why] of unreadable) entries[index] = { ...entries[index]!, unreadable: why };
  return entries;
}
