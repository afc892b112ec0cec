/**
 * Which pods go first when there are too many: those whose loss costs least.
 *
 * The order is upstream's ActivePodsWithRanks, step by step: not yet on a node; pending before unknown before running;
 * not ready; lower `controller.kubernetes.io/pod-deletion-cost`; on a node with more of its siblings; ready for a shorter
 * time; restarted more often; younger. Times compare by their logarithm, so that among pods of about the same age the
 * choice falls by uid, that is at random.
 */

import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { createdAt, isActive, isReady, mostRestarts, readySince } from "../pods.ts";

const DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";
const phases: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };
const MAX_INT32 = 2 ** 31 - 1;

/** `count` of `pods`; `siblings` are all pods of ReplicaSets with the same controller. */
export function podsToDelete(
  pods: readonly Pod[],
  siblings: readonly Pod[],
  count: number,
  now: number,
): readonly Pod[] {
  if (count >= pods.length) return pods;
  const onNode = new Map<string, number>();
  for (const sibling of siblings) {
    if (!isActive(sibling)) continue;
    const node = sibling.spec?.nodeName ?? "";
    onNode.set(node, (onNode.get(node) ?? 0) + 1);
  }
  const rank = (p: Pod) => onNode.get(p.spec?.nodeName ?? "") ?? 0;
  return pods.toSorted((a, b) => cheapestFirst(a, b, rank, now)).slice(0, count);
}

function cheapestFirst(a: Pod, b: Pod, rank: (p: Pod) => number, now: number): number {
  return (
    Number(!!a.spec?.nodeName) - Number(!!b.spec?.nodeName) ||
    phaseOf(a) - phaseOf(b) ||
    Number(isReady(a)) - Number(isReady(b)) ||
    deletionCost(a) - deletionCost(b) ||
    rank(b) - rank(a) ||
    (isReady(a) ? newestFirst(readySince(a), readySince(b), a, b, now) : 0) ||
    mostRestarts(b).containers - mostRestarts(a).containers ||
    mostRestarts(b).sidecars - mostRestarts(a).sidecars ||
    newestFirst(createdAt(a), createdAt(b), a, b, now)
  );
}

function phaseOf({ status }: Pod): number {
  return phases[status?.phase ?? ""] ?? 0;
}

/** 0 for a cost that is not an int32 as Go prints it. */
function deletionCost({ metadata }: Pod): number {
  const text = metadata.annotations?.[DELETION_COST];
  if (text === undefined || !/^-?(0|[1-9]\d*)$/.test(text)) return 0;
  const cost = Number(text);
  return cost > MAX_INT32 || cost < -MAX_INT32 - 1 ? 0 : cost;
}

/** Unknown times first, then by the logarithm of the age in nanoseconds, then by uid. */
function newestFirst(
  timeOfA: number | undefined,
  timeOfB: number | undefined,
  a: Pod,
  b: Pod,
  now: number,
): number {
  if (timeOfA === timeOfB) return 0;
  if (timeOfA === undefined) return -1;
  if (timeOfB === undefined) return 1;
  return magnitude(now - timeOfA) - magnitude(now - timeOfB) || (a.metadata.uid! < b.metadata.uid! ? -1 : 1);
}

function magnitude(ageMs: number): number {
  return ageMs > 0 ? Math.trunc(Math.log2(ageMs * 1e6)) : -1;
}
