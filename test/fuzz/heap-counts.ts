/**
 * How many objects of which constructor a heap has, by a snapshot of it (V8's own format, as `v8.writeHeapSnapshot` writes it), and what became more from one to
 * the next. Objects and closures are told by name; texts, arrays and numbers by their sort.
 */

import { readFileSync } from "node:fs";

export type HeapCounts = ReadonlyMap<string, number>;

interface Snapshot {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: readonly string[];
      readonly node_types: readonly [readonly string[]];
    };
  };
  /** Rows of numbers, as long as there are fields. */
  readonly nodes: readonly number[];
  readonly strings: readonly string[];
}

/** Sorts whose names say what they are of, rather than their contents. */
const NAMED = new Set(["object", "closure", "native"]);
/** V8 compiles, describes and forgets as it likes; the functions themselves are counted as closures. */
const ITS_OWN = new Set(["code", "hidden", "object shape"]);

export function heapCounts(path: string): HeapCounts {
  const { snapshot, nodes, strings }: Snapshot = JSON.parse(readFileSync(path, "utf8"));
  const { node_fields: fields, node_types: types } = snapshot.meta;
  const [typeAt, nameAt] = [fields.indexOf("type"), fields.indexOf("name")];
  const counts = new Map<string, number>();
  for (let i = 0; i < nodes.length; i += fields.length) {
    const type = types[0][nodes[i + typeAt]!]!;
    if (ITS_OWN.has(type)) continue;
    const key = NAMED.has(type) ? `${type} ${strings[nodes[i + nameAt]!]!.slice(0, 100)}` : type;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** What there is at least `least` more of, from each of three heaps to the next; the most first. What grows once only was filled, or warmed up. */
export function grown(
  [first, second, third]: readonly [HeapCounts, HeapCounts, HeapCounts],
  least: number,
): (readonly [name: string, more: number])[] {
  const found: [string, number][] = [];
  for (const [name, count] of third) {
    const between = second.get(name) ?? 0;
    const more = Math.min(count - between, between - (first.get(name) ?? 0));
    if (more >= least) found.push([name, more]);
  }
  return found.toSorted(([, a], [, b]) => b - a);
}
