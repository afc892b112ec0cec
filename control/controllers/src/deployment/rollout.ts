/**
 * How many replicas each ReplicaSet of a Deployment should have: pure arithmetic on spec and status.
 *
 * `current` is the ReplicaSet with the Deployment's template, `old` are all others. While rolling, the sum of all replicas
 * never exceeds replicas + maxSurge, and available pods never fall below replicas - maxUnavailable by our doing:
 *
 *     10 replicas, surge 3, unavailable 2        old   current  available
 *     template changes                            10      3        10
 *     old goes down to keep 8 available            8      5         8
 *     each new pod that becomes available lets one more old pod go, each old pod gone lets one more new pod come
 */

import type { Deployment, ReplicaSet } from "@knarr/kinds/generated/apps-v1.ts";
import { scaled } from "../counts.ts";
import { countIn, DESIRED_REPLICAS, MAX_REPLICAS, revisionOf } from "./revision.ts";
import { sameTemplate } from "./template.ts";

export interface Resize {
  readonly set: ReplicaSet;
  readonly replicas: number;
  /** Write the annotations too where the size stays. */
  readonly always?: boolean;
}

export function replicasOf({ spec }: ReplicaSet | Deployment): number {
  return spec?.replicas ?? 1;
}

export function totalReplicas(sets: readonly ReplicaSet[]): number {
  return sets.reduce((sum, set) => sum + replicasOf(set), 0);
}

export function availableReplicas(sets: readonly ReplicaSet[]): number {
  return sets.reduce((sum, { status }) => sum + (status?.availableReplicas ?? 0), 0);
}

export function isActive(set: ReplicaSet): boolean {
  return replicasOf(set) > 0;
}

export function isRolling({ spec }: Deployment): boolean {
  return spec!.strategy?.type === "RollingUpdate";
}

/** Both limits of a rolling update as numbers. At least one of them is not 0, or nothing could ever move. */
export function limitsOf(deployment: Deployment): { surge: number; unavailable: number } {
  if (!isRolling(deployment)) return { surge: 0, unavailable: 0 };
  const replicas = replicasOf(deployment);
  const { maxSurge, maxUnavailable } = deployment.spec!.strategy!.rollingUpdate ?? {};
  const surge = Math.ceil(scaled(maxSurge, replicas));
  const unavailable = Math.floor(scaled(maxUnavailable, replicas));
  const atLeast = surge === 0 && unavailable === 0 ? 1 : unavailable;
  return { surge, unavailable: replicas === 0 ? 0 : Math.min(atLeast, replicas) };
}

/** The ReplicaSet with the Deployment's template; the oldest, should there be several. */
export function findCurrent(deployment: Deployment, sets: readonly ReplicaSet[]): ReplicaSet | undefined {
  return sets
    .toSorted(oldestFirst)
    .find(({ spec }) => sameTemplate(spec!.template, deployment.spec!.template));
}

/** The replicas of `current` while it takes over from the others. */
export function currentReplicas(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  all: readonly ReplicaSet[],
): number {
  const wanted = replicasOf(deployment);
  const has = current ? replicasOf(current) : 0;
  if (!isRolling(deployment) || has >= wanted) return wanted;
  const room = wanted + limitsOf(deployment).surge - totalReplicas(all);
  return room <= 0 ? has : has + Math.min(room, wanted - has);
}

/** How far the old ones can shrink now without costing availability: first by what is unhealthy, then by what is more than needed. */
export function shrinkOld(
  deployment: Deployment,
  current: ReplicaSet,
  old: readonly ReplicaSet[],
): readonly Resize[] {
  const active = old.filter(isActive).toSorted(oldestFirst);
  if (active.length === 0) return [];
  const minAvailable = replicasOf(deployment) - limitsOf(deployment).unavailable;
  const currentUnavailable = replicasOf(current) - (current.status?.availableReplicas ?? 0);
  const canGo = totalReplicas([...active, current]) - minAvailable - currentUnavailable;
  if (canGo <= 0) return [];

  const sizes = new Map(active.map((set) => [set, replicasOf(set)]));
  let unhealthyToGo = canGo;
  for (const set of active) {
    const unhealthy = Math.max(0, sizes.get(set)! - (set.status?.availableReplicas ?? 0));
    const gone = Math.min(unhealthyToGo, unhealthy);
    sizes.set(set, sizes.get(set)! - gone);
    unhealthyToGo -= gone;
  }
  let healthyToGo = availableReplicas([...active, current]) - minAvailable;
  for (const set of active) {
    if (healthyToGo <= 0) break;
    const gone = Math.min(healthyToGo, sizes.get(set)!);
    sizes.set(set, sizes.get(set)! - gone);
    healthyToGo -= gone;
  }
  return active
    .map((set) => ({ set, replicas: sizes.get(set)! }))
    .filter(({ set, replicas }) => replicas !== replicasOf(set));
}

/** Whether the Deployment was scaled since its ReplicaSets were: then they grow and shrink in proportion, and nothing rolls. */
export function isScaled(deployment: Deployment, sets: readonly ReplicaSet[]): boolean {
  return sets.filter(isActive).some((set) => {
    const desired = countIn(set, DESIRED_REPLICAS);
    return desired !== undefined && desired !== replicasOf(deployment);
  });
}

/** Sizes after scaling the Deployment, in the middle of a rollout or while it is paused. */
export function scaling(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): readonly Resize[] {
  const all = current ? [...old, current] : [...old];
  const active = all.filter(isActive);
  const wanted = replicasOf(deployment);
  if (active.length <= 1) {
    const only = active[0] ?? current ?? old.toSorted(oldestFirst).at(-1);
    const isRight = !only || replicasOf(only) === wanted;
    return isRight ? [] : [{ set: only, replicas: wanted }];
  }
  if (current && isSaturated(deployment, current)) {
    return old.filter(isActive).map((set) => ({ set, replicas: 0 }));
  }
  if (!isRolling(deployment)) return [];
  return inProportion(deployment, active).map((resize) => ({ ...resize, always: true }));
}

/** All wanted replicas are in `set`, were meant to be, and are available. */
function isSaturated(deployment: Deployment, set: ReplicaSet): boolean {
  const wanted = replicasOf(deployment);
  return (
    replicasOf(set) === wanted &&
    countIn(set, DESIRED_REPLICAS) === wanted &&
    (set.status?.availableReplicas ?? 0) === wanted
  );
}

/** Shares out what is to come or go, the larger sets first; what rounding leaves over is the largest one's. */
function inProportion(deployment: Deployment, active: readonly ReplicaSet[]): readonly Resize[] {
  const wanted = replicasOf(deployment);
  const allowed = wanted > 0 ? wanted + limitsOf(deployment).surge : 0;
  const toAdd = allowed - totalReplicas(active);
  const sign = toAdd > 0 ? -1 : 1; // of the same size: the newer grows first, the older shrinks first
  const sorted =
    toAdd === 0
      ? active
      : active.toSorted((a, b) => replicasOf(b) - replicasOf(a) || sign * oldestFirst(a, b));
  let added = 0;
  const resizes = sorted.map((set) => {
    const share = shareOf(set, deployment, toAdd, added);
    added += share;
    return { set, replicas: replicasOf(set) + share };
  });
  if (toAdd === 0) return resizes;
  const [largest, ...others] = resizes;
  return [{ ...largest!, replicas: Math.max(0, largest!.replicas + toAdd - added) }, ...others];
}

/** What one set gets of `toAdd` (negative when shrinking), `added` of which are given out. */
function shareOf(set: ReplicaSet, deployment: Deployment, toAdd: number, added: number): number {
  const has = replicasOf(set);
  if (has === 0 || toAdd === 0 || toAdd === added) return 0;
  const left = toAdd - added;
  const fair = fairShare(set, deployment);
  return toAdd > 0 ? Math.min(fair, left) : Math.max(fair, left);
}

function fairShare(set: ReplicaSet, deployment: Deployment): number {
  const has = replicasOf(set);
  const wanted = replicasOf(deployment);
  if (wanted === 0) return -has;
  const whole = wanted + limitsOf(deployment).surge;
  const wholeBefore = countIn(set, MAX_REPLICAS) || (deployment.status?.replicas ?? 0);
  if (wholeBefore === 0) return 0;
  return Math.round((has * whole) / wholeBefore) - has;
}

/** Old ReplicaSets without pods that are beyond the history the Deployment keeps. */
export function beyondHistory(deployment: Deployment, old: readonly ReplicaSet[]): readonly ReplicaSet[] {
  const limit = deployment.spec!.revisionHistoryLimit;
  if (limit === undefined || limit === 2 ** 31 - 1) return [];
  const alive = old.filter(({ metadata }) => !metadata.deletionTimestamp).toSorted(lowestRevisionFirst);
  return alive
    .slice(0, Math.max(0, alive.length - limit))
    .filter(
      (set) =>
        replicasOf(set) === 0 &&
        (set.status?.replicas ?? 0) === 0 &&
        (set.metadata.generation ?? 0) <= (set.status?.observedGeneration ?? 0),
    );
}

export function oldestFirst(a: ReplicaSet, b: ReplicaSet): number {
  const [madeA = "", madeB = ""] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
  if (madeA !== madeB) return madeA < madeB ? -1 : 1;
  return a.metadata.name! < b.metadata.name! ? -1 : 1;
}

function lowestRevisionFirst(a: ReplicaSet, b: ReplicaSet): number {
  const [revisionA, revisionB] = [revisionOf(a), revisionOf(b)];
  if (revisionA === undefined || revisionB === undefined || revisionA === revisionB) return oldestFirst(a, b);
  return revisionA < revisionB ? -1 : 1;
}
