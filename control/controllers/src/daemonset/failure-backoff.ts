/**
 * How long a DaemonSet waits before it removes a pod that failed on a node, so that another comes: not at all for the first, then 1 second,
 * doubled each time. A kubelet that rejects its pods would otherwise be sent one after the other.
 */

import type { DaemonSet } from "@knarr/kinds/generated/apps-v1.ts";
import { keyOf } from "@knarr/machinery/object.ts";

const FIRST_MS = 1000;
const MAX_MS = 15 * 60_000;

interface Failure {
  /** Which DaemonSet, in which state: another one starts anew. */
  readonly of: string;
  readonly at: number;
  readonly delayMs: number;
}

export class FailureBackoff {
  readonly #failures = new Map<string, Map<string, Failure>>();

  /** A pod failed there: milliseconds until it may be removed. With 0 it counts as removed. */
  failed(set: DaemonSet, node: string, now: number): number {
    const byNode = this.#failures.getOrInsertComputed(keyOf(set), () => new Map<string, Failure>());
    const of = `${set.metadata.uid}/${set.status?.observedGeneration ?? 0}`;
    const known = byNode.get(node);
    const last = known?.of === of && now - known.at <= 2 * MAX_MS ? known : undefined;
    const left = last ? last.at + last.delayMs - now : 0;
    if (left > 0) return left;
    byNode.set(node, { of, at: now, delayMs: last ? Math.min(2 * last.delayMs, MAX_MS) : FIRST_MS });
    return 0;
  }

  /** The DaemonSet of that key is gone. */
  forget(key: string): void {
    this.#failures.delete(key);
  }
}
