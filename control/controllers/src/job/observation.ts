/** What is seen of a Job's pods: which run, which ended how, and which of the ends have not been counted yet. */

import type { Job, JobStatus } from "@knarr/kinds/generated/batch-v1.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { isActive, isFinished } from "../pods.ts";
import { judgeFailure } from "./failure-policy.ts";
import { finishedAt } from "./backoff.ts";
import { IndexSet, indexesOf, indexOf } from "./indexes.ts";

/** Keeps a pod that ended until its end is counted in the status. */
export const TRACKING = "batch.kubernetes.io/job-tracking";

const FAILURE_COUNT = "batch.kubernetes.io/job-index-failure-count";
const IGNORED_COUNT = "batch.kubernetes.io/job-index-ignored-failure-count";

export interface Observation {
  readonly pods: readonly Pod[];
  readonly active: readonly Pod[];
  readonly terminating: readonly Pod[];
  /** Ends that no status knows of yet. */
  readonly newSucceeded: readonly Pod[];
  readonly newFailed: readonly Pod[];
  /** All so far, these included. */
  readonly succeeded: number;
  readonly failed: number;
  /** Of indexed Jobs. `before` is what the status says. */
  readonly succeededIndexes: IndexSet;
  readonly succeededBefore: IndexSet;
  /** Of Jobs with a limit per index. */
  readonly failedIndexes: IndexSet | undefined;
  /** The last failed pod of each index that waits for another: it stays until there is one, which takes up its count. */
  readonly awaited: ReadonlyMap<number, Pod>;
}

export function observe(job: Job, status: JobStatus, pods: readonly Pod[]): Observation {
  const active = pods.filter(isActive);
  const uncounted = (list: "succeeded" | "failed") => new Set(status.uncountedTerminatedPods?.[list] ?? []);
  const [countedSucceeded, countedFailed] = [uncounted("succeeded"), uncounted("failed")];
  const valid = pods.filter((pod) => isTracked(pod) && hasValidIndex(job, pod));
  const newSucceeded = valid.filter(
    (pod) => pod.status?.phase === "Succeeded" && !countedSucceeded.has(pod.metadata.uid!),
  );
  const newFailed = valid.filter((pod) => isFailed(job, pod) && !countedFailed.has(pod.metadata.uid!));
  const policy = job.spec!.podFailurePolicy;
  const failed = newFailed.filter((pod) => judgeFailure(policy, pod).counts).length;
  const indexes = isIndexed(job) ? observeIndexes(job, status, { pods, valid, active }) : noIndexes;
  return {
    pods,
    active,
    terminating: pods.filter((pod) => pod.metadata.deletionTimestamp && !isFinished(pod)),
    newSucceeded,
    newFailed,
    succeeded: isIndexed(job)
      ? indexes.succeededIndexes.size
      : (status.succeeded ?? 0) + newSucceeded.length + countedSucceeded.size,
    failed: (status.failed ?? 0) + failed + countedFailed.size,
    ...indexes,
  };
}

type Indexes = Pick<Observation, "succeededIndexes" | "succeededBefore" | "failedIndexes" | "awaited">;

const noIndexes: Indexes = {
  succeededIndexes: IndexSet.empty,
  succeededBefore: IndexSet.empty,
  failedIndexes: undefined,
  awaited: new Map(),
};

function observeIndexes(
  job: Job,
  status: JobStatus,
  { valid, active }: Record<"pods" | "valid" | "active", readonly Pod[]>,
): Indexes {
  const completions = job.spec!.completions!;
  const succeededBefore = IndexSet.parse(status.completedIndexes, completions);
  const succeeded = valid.filter((pod) => pod.status?.phase === "Succeeded");
  const succeededIndexes = succeededBefore.with(indexesOf(succeeded));
  if (!hasLimitPerIndex(job)) return { ...noIndexes, succeededBefore, succeededIndexes };
  const failedIndexes = IndexSet.parse(status.failedIndexes, completions).with(
    indexesOf(valid.filter((pod) => failsIndex(job, pod))),
  );
  const settled = succeededIndexes.with(failedIndexes).with(indexesOf(active));
  const awaited = new Map<number, Pod>();
  for (const pod of valid) {
    const index = indexOf(pod)!;
    if (!isFailed(job, pod) || settled.has(index)) continue;
    const other = awaited.get(index);
    const isLater = !other || (attemptsOf(other) <= attemptsOf(pod) && finishedAt(other) <= finishedAt(pod));
    if (isLater) awaited.set(index, pod);
  }
  return { succeededBefore, succeededIndexes, failedIndexes, awaited };
}

export function isIndexed({ spec }: Job): boolean {
  return spec!.completionMode === "Indexed";
}

export function hasLimitPerIndex({ spec }: Job): boolean {
  return spec!.backoffLimitPerIndex != null;
}

/** Pods on their way out are replaced only when they are gone. */
export function replacesOnlyFailed({ spec }: Job): boolean {
  return spec!.podReplacementPolicy === "Failed" || spec!.podFailurePolicy !== undefined;
}

export function isTracked({ metadata }: Pod): boolean {
  return metadata.finalizers?.includes(TRACKING) ?? false;
}

export function hasValidIndex(job: Job, pod: Pod): boolean {
  if (!isIndexed(job)) return true;
  const index = indexOf(pod);
  return index !== undefined && index < job.spec!.completions!;
}

/** A pod that was told to go and did not succeed counts as failed, unless the Job waits for it to have ended. */
export function isFailed(job: Job, { metadata, status }: Pod): boolean {
  if (status?.phase === "Failed") return true;
  if (replacesOnlyFailed(job)) return false;
  return metadata.deletionTimestamp !== undefined && status?.phase !== "Succeeded";
}

function failsIndex(job: Job, pod: Pod): boolean {
  if (!isFailed(job, pod)) return false;
  const verdict = judgeFailure(job.spec!.podFailurePolicy, pod);
  return (
    verdict.failsIndex || (verdict.counts && countIn(pod, FAILURE_COUNT) >= job.spec!.backoffLimitPerIndex!)
  );
}

/** How often its index failed before it, ignored failures included. */
export function attemptsOf(pod: Pod): number {
  return countIn(pod, FAILURE_COUNT) + countIn(pod, IGNORED_COUNT);
}

/** What the pod that takes the place of `failed` says of how often its index failed. */
export function failureAnnotations(job: Job, failed: Pod | undefined): Record<string, string> {
  if (!failed) return { [FAILURE_COUNT]: "0" };
  const { counts } = judgeFailure(job.spec!.podFailurePolicy, failed);
  const counted = countIn(failed, FAILURE_COUNT) + (counts ? 1 : 0);
  const ignored = countIn(failed, IGNORED_COUNT) + (counts ? 0 : 1);
  return { [FAILURE_COUNT]: String(counted), ...(ignored && { [IGNORED_COUNT]: String(ignored) }) };
}

const MAX_INT32 = 2 ** 31 - 1;

function countIn({ metadata }: Pod, annotation: string): number {
  const text = metadata.annotations?.[annotation] ?? "";
  const count = /^\+?\d+$/.test(text) ? Number(text) : 0;
  return count > MAX_INT32 ? 0 : count;
}
