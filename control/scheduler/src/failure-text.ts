/** Why no node will do, in the words of upstream: `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable. …`. */

import type { No } from "./framework.ts";
import type { NodeInfo } from "./node-info.ts";

export interface Refusals {
  readonly nodeCount: number;
  readonly verdicts: ReadonlyMap<NodeInfo, No>;
  /** Said of every node without a verdict. */
  readonly absent: No | undefined;
}

export function failureText({ nodeCount, verdicts, absent }: Refusals, postFilter?: string): string {
  if (nodeCount === 0) return "no nodes available to schedule pods";
  const counts = new Map<string, number>();
  const count = (reason: string, by: number) => counts.set(reason, (counts.get(reason) ?? 0) + by);
  for (const { why } of verdicts.values()) for (const reason of why) count(reason, 1);
  if (verdicts.size < nodeCount)
    for (const reason of absent?.why ?? []) count(reason, nodeCount - verdicts.size);

  const reasons = [...counts].map(([reason, times]) => `${times} ${reason}`).toSorted(byBytes);
  const said = reasons.length > 0 ? ` ${reasons.join(", ")}.` : "";
  return `0/${nodeCount} nodes are available:${said}${postFilter ? ` ${postFilter}` : ""}`;
}

/** Go sorts strings by their bytes. */
function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
