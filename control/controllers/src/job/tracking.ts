/**
 * Counts the ends of a Job's pods, each once, whatever crashes when. A pod that ended is kept by a finalizer; its uid is written
 * into the status as not counted yet; then the finalizer goes; then the uid leaves the list and the counter rises. For an indexed
 * Job that a pod of the index succeeded is written at once: an index counts once anyway.
 *
 *     status.uncounted = [u1]   failed: 0      pod u1 has the finalizer
 *     status.uncounted = [u1]   failed: 0      pod u1 has not
 *     status.uncounted = []     failed: 1
 */

import type { Job, JobStatus } from "@knarr/kinds/generated/batch-v1.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import type { Ending } from "./ending.ts";
import { judgeFailure } from "./failure-policy.ts";
import { indexOf } from "./indexes.ts";
import {
  hasLimitPerIndex,
  hasValidIndex,
  isFailed,
  isIndexed,
  isTracked,
  type Observation,
} from "./observation.ts";

/** Uids in a status at most, so that it stays small and no Job keeps the others waiting. */
const MOST_UNCOUNTED = 500;

export interface Tally {
  /** Whose finalizers can go once the status is written. */
  readonly released: readonly Pod[];
  /** There are more for the next time. */
  readonly hasMore: boolean;
}

/** Notes in `status` which pods ended; `ending` is where the Job goes, which ends them all. */
export function tallyEnds(job: Job, status: JobStatus, seen: Observation, ending: Ending | undefined): Tally {
  const uncounted = (status.uncountedTerminatedPods ??= {});
  const known = new Set([...(uncounted.succeeded ?? []), ...(uncounted.failed ?? [])]);
  const knownFailed = new Set(uncounted.failed);
  const released: Pod[] = [];
  let newIndexes = 0;
  const note = (list: "succeeded" | "failed", { metadata }: Pod) => {
    if (!known.has(metadata.uid!)) (uncounted[list] ??= []).push(metadata.uid!);
    known.add(metadata.uid!);
  };
  let hasMore = false;
  for (const pod of inOrder(job, seen.pods)) {
    if (!isTracked(pod) || !canBeReleased(job, pod, seen, ending)) continue;
    if (newIndexes + (uncounted.succeeded?.length ?? 0) + (uncounted.failed?.length ?? 0) >= MOST_UNCOUNTED) {
      hasMore = true;
      break;
    }
    released.push(pod);
    const hasSucceeded = pod.status?.phase === "Succeeded" && !knownFailed.has(pod.metadata.uid!);
    if (!hasValidIndex(job, pod)) continue;
    if (hasSucceeded && !isIndexed(job)) note("succeeded", pod);
    else if (hasSucceeded) newIndexes += seen.succeededBefore.has(indexOf(pod)!) ? 0 : 1;
    // When the Job failed, pods that still run have failed, too.
    else if (isFailed(job, pod) || (ending && !ending.isSuccess))
      if (judgeFailure(job.spec!.podFailurePolicy, pod).counts) note("failed", pod);
  }
  if (isIndexed(job)) {
    status.succeeded = seen.succeededIndexes.size;
    status.completedIndexes = seen.succeededIndexes.toString();
    if (seen.failedIndexes) status.failedIndexes = seen.failedIndexes.toString();
  }
  return { released, hasMore };
}

function inOrder(job: Job, pods: readonly Pod[]): readonly Pod[] {
  return isIndexed(job) ? pods.toSorted((a, b) => (indexOf(a) ?? -1) - (indexOf(b) ?? -1)) : pods;
}

function canBeReleased(job: Job, pod: Pod, seen: Observation, ending: Ending | undefined): boolean {
  if (job.metadata.deletionTimestamp || ending || pod.status?.phase === "Succeeded") return true;
  if (!isFailed(job, pod)) return false;
  const index = indexOf(pod);
  return !hasLimitPerIndex(job) || index === undefined || seen.awaited.get(index) !== pod;
}

/** Counts those of the status's list that `kept` does not have any more: their finalizers are gone. */
export function countReleased(status: JobStatus, kept: ReadonlySet<string>): void {
  const uncounted = status.uncountedTerminatedPods!;
  for (const list of ["succeeded", "failed"] as const) {
    const before = uncounted[list] ?? [];
    const left = before.filter((uid) => kept.has(uid));
    if (left.length === before.length) continue;
    status[list] = (status[list] ?? 0) + before.length - left.length;
    if (left.length) uncounted[list] = left;
    else delete uncounted[list];
  }
}

export function hasUncounted({ uncountedTerminatedPods: uncounted }: JobStatus): boolean {
  return Boolean(uncounted?.succeeded?.length || uncounted?.failed?.length);
}
