/** Which pods a node's DaemonSet should make and remove there, apart from updates. */

import type { DaemonSet } from "@knarr/kinds/generated/apps-v1.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { scaled } from "../counts.ts";
import { isAvailable, isFinished, isReady } from "../pods.ts";
import { REVISION_LABEL } from "../revisions.ts";
import type { Place } from "./placement.ts";

export interface NodePlan {
  readonly needsPod: boolean;
  readonly remove: readonly Pod[];
  /** They have ended, which daemons never should: to be removed, so that others can be made. */
  readonly ended: readonly Pod[];
}

export function planNode(
  set: DaemonSet,
  { pods, shouldRun, mayStay }: Place,
  { hash, now }: { readonly hash: string; readonly now: number },
): NodePlan {
  const staying = pods.filter(({ metadata }) => !metadata.deletionTimestamp);
  if (!mayStay) return { needsPod: false, remove: staying, ended: [] };
  if (shouldRun && pods.length === 0) return { needsPod: true, remove: [], ended: [] };
  const ended = staying.filter(isFinished);
  const running = staying.filter((pod) => !isFinished(pod)).toSorted(placedThenOldest);
  if (surgeOf(set, 1) === 0) return { needsPod: false, remove: running.slice(1), ended };
  if (running.length === 0) return { needsPod: shouldRun, remove: [], ended };
  const [current = [], old = []] = [true, false].map((isCurrent) =>
    running.filter(({ metadata }) => (metadata.labels?.[REVISION_LABEL] === hash) === isCurrent),
  );
  const remove = [...current.slice(1), ...old.slice(1)];
  const [next] = current;
  const [last] = old;
  if (next && last && (!isReady(last) || isAvailable(next, set.spec!.minReadySeconds ?? 0, now)))
    remove.push(last);
  return { needsPod: false, remove, ended };
}

export function placedThenOldest(a: Pod, b: Pod): number {
  return (
    Number(!a.spec!.nodeName) - Number(!b.spec!.nodeName) ||
    Date.parse(a.metadata.creationTimestamp!) - Date.parse(b.metadata.creationTimestamp!) ||
    (a.metadata.name! < b.metadata.name! ? -1 : 1)
  );
}

/** How many of `desired` nodes may have a second pod during an update. */
export function surgeOf({ spec }: DaemonSet, desired: number): number {
  const { type, rollingUpdate } = spec!.updateStrategy ?? {};
  return type === "RollingUpdate" ? Math.ceil(scaled(rollingUpdate?.maxSurge, desired)) : 0;
}

/** How many of `desired` nodes may be without an available pod during an update: at least one, when none may have two. */
export function unavailableOf(set: DaemonSet, desired: number): number {
  const limit = Math.ceil(scaled(set.spec!.updateStrategy?.rollingUpdate?.maxUnavailable, desired));
  return limit === 0 && desired > 0 && surgeOf(set, desired) === 0 ? 1 : limit;
}
