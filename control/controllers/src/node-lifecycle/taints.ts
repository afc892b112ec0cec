/** Which taints the state of a node calls for. */

import type { Node, Taint } from "@knarr/kinds/generated/core-v1.ts";
import { conditionOf } from "../conditions.ts";

export const NOT_READY = "node.kubernetes.io/not-ready";
const UNREACHABLE = "node.kubernetes.io/unreachable";
const UNSCHEDULABLE = "node.kubernetes.io/unschedulable";

/** Condition, status and the taint it means. */
const meanings: readonly (readonly [type: string, status: string, key: string])[] = [
  ["Ready", "False", NOT_READY],
  ["Ready", "Unknown", UNREACHABLE],
  ["MemoryPressure", "True", "node.kubernetes.io/memory-pressure"],
  ["DiskPressure", "True", "node.kubernetes.io/disk-pressure"],
  ["NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"],
  ["PIDPressure", "True", "node.kubernetes.io/pid-pressure"],
];
const managed = new Set([...meanings.map(([, , key]) => key), UNSCHEDULABLE]);

export function readyStatus({ status }: Node): "True" | "False" | "Unknown" | undefined {
  return conditionOf(status?.conditions, "Ready")?.status as "True" | "False" | "Unknown" | undefined;
}

/** The NoExecute taint for a node that is not ready. */
export function evictingTaint(node: Node): string | undefined {
  const status = readyStatus(node);
  return status === "False" ? NOT_READY : status === "Unknown" ? UNREACHABLE : undefined;
}

export function hasTaint({ spec }: Node, key: string, effect: string): boolean {
  return spec?.taints?.some((taint) => taint.key === key && taint.effect === effect) ?? false;
}

/**
 * The taints the node should have: its own, those its conditions call for, and `evicts` with NoExecute. The same array when it has
 * them already.
 */
export function wantedTaints(node: Node, evicts: string | undefined, now: string): readonly Taint[] {
  const current = node.spec?.taints ?? [];
  const noSchedule = meanings
    .filter(([type, status]) => conditionOf(node.status?.conditions, type)?.status === status)
    .map(([, , key]) => key);
  if (node.spec?.unschedulable) noSchedule.push(UNSCHEDULABLE);

  const isWanted = ({ key, effect }: Taint) => {
    if (effect === "NoSchedule" && managed.has(key)) return noSchedule.includes(key);
    if (effect === "NoExecute" && (key === NOT_READY || key === UNREACHABLE)) return key === evicts;
    return true;
  };
  const kept = current.filter(isWanted);
  const missing: Taint[] = noSchedule
    .filter((key) => !hasTaint(node, key, "NoSchedule"))
    .map((key) => ({ key, effect: "NoSchedule", timeAdded: now }));
  if (evicts && !hasTaint(node, evicts, "NoExecute")) {
    missing.push({ key: evicts, effect: "NoExecute", timeAdded: now });
  }
  return kept.length === current.length && missing.length === 0 ? current : [...kept, ...missing];
}
