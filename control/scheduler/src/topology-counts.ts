/** How much there is in each domain of a topology: all nodes whose label `key` has the same value are one domain. */

import type { NodeInfo } from "./node-info.ts";

export class TopologyCounts {
  readonly #byKey = new Map<string, Map<string, number>>();

  /** Nothing was counted, or all of it has been taken away again. */
  get isEmpty(): boolean {
    return this.#byKey.size === 0;
  }

  get keys(): Iterable<string> {
    return this.#byKey.keys();
  }

  /** In the node's domain. A node without the label is in none. */
  add(node: NodeInfo, key: string, amount: number): void {
    const value = node.labels[key];
    if (value === undefined) return;
    const counts = this.#byKey.getOrInsertComputed(key, () => new Map());
    const count = (counts.get(value) ?? 0) + amount;
    if (count !== 0) return void counts.set(value, count);
    counts.delete(value);
    if (counts.size === 0) this.#byKey.delete(key);
  }

  of(node: NodeInfo, key: string): number {
    const value = node.labels[key];
    return (value !== undefined && this.#byKey.get(key)?.get(value)) || 0;
  }
}
