/**
 * Whether a Job is at its end, and why. The end comes in two steps: first the status says where it goes (`FailureTarget`,
 * `SuccessCriteriaMet`), then, when all pods are gone and counted, that it is there (`Failed`, `Complete`). What was said first
 * stands, whatever happens to pods meanwhile.
 */

import type { Job, JobCondition, JobStatus } from "@knarr/kinds/generated/batch-v1.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import { conditionOf } from "../conditions.ts";
import { judgeFailure } from "./failure-policy.ts";
import { isFailed, isIndexed, type Observation } from "./observation.ts";
import { metRule } from "./success-policy.ts";

export interface Ending {
  readonly isSuccess: boolean;
  readonly reason: string;
  readonly message: string;
  /** The status says so already. */
  readonly isTold: boolean;
}

/** The end that the Job comes to by what is seen of its pods, other than by completions that are all reached. */
export function endingOf(job: Job, status: JobStatus, seen: Observation, now: number): Ending | undefined {
  return (
    toldEnding(status) ??
    failByPolicy(job, seen.pods) ??
    failByLimits(job, status, seen, now) ??
    (isIndexed(job) ? endByIndexes(job, seen) : undefined)
  );
}

export const COMPLETED: Ending = {
  isSuccess: true,
  reason: "CompletionsReached",
  message: "Reached expected number of succeeded pods",
  isTold: false,
};

function failure(reason: string, message: string): Ending {
  return { isSuccess: false, reason, message, isTold: false };
}

function toldEnding({ conditions }: JobStatus): Ending | undefined {
  for (const [type, isSuccess] of [
    ["SuccessCriteriaMet", true],
    ["FailureTarget", false],
  ] as const) {
    const { status, reason = "", message = "" } = conditionOf(conditions, type) ?? {};
    if (status === "True") return { isSuccess, reason, message, isTold: true };
  }
  return undefined;
}

function failByPolicy(job: Job, pods: readonly Pod[]): Ending | undefined {
  const policy = job.spec!.podFailurePolicy;
  if (!policy) return undefined;
  for (const pod of pods) {
    const { failsJob } = isFailed(job, pod) ? judgeFailure(policy, pod) : {};
    if (failsJob) return failure("PodFailurePolicy", failsJob);
  }
  return undefined;
}

function failByLimits(job: Job, status: JobStatus, seen: Observation, now: number): Ending | undefined {
  if (seen.failed > job.spec!.backoffLimit! || restartedTooOften(job, seen.pods))
    return failure("BackoffLimitExceeded", "Job has reached the specified backoff limit");
  const left = deadlineIn(job, status, now);
  if (left !== undefined && left <= 0)
    return failure("DeadlineExceeded", "Job was active longer than specified deadline");
  return undefined;
}

/** Where the kubelet starts containers again, it is restarts that count. */
function restartedTooOften({ spec }: Job, pods: readonly Pod[]): boolean {
  if (spec!.template.spec?.restartPolicy !== "OnFailure") return false;
  let restarts = 0;
  for (const { status } of pods) {
    if (status?.phase !== "Running" && status?.phase !== "Pending") continue;
    for (const list of [status.initContainerStatuses, status.containerStatuses])
      for (const { restartCount } of list ?? []) restarts += restartCount;
  }
  const limit = spec!.backoffLimit!;
  return limit === 0 ? restarts > 0 : restarts >= limit;
}

/** Milliseconds for which the Job may still be active; undefined for as long as it likes. */
export function deadlineIn({ spec }: Job, status: JobStatus, now: number): number | undefined {
  const { activeDeadlineSeconds, suspend } = spec!;
  if (activeDeadlineSeconds == null || suspend || !status.startTime) return undefined;
  return Date.parse(status.startTime) + activeDeadlineSeconds * 1000 - now;
}

function endByIndexes({ spec }: Job, seen: Observation): Ending | undefined {
  const { completions = 0, maxFailedIndexes, successPolicy } = spec!;
  const failed = seen.failedIndexes?.size ?? 0;
  if (maxFailedIndexes != null && failed > maxFailedIndexes)
    return failure(
      "MaxFailedIndexesExceeded",
      "Job has exceeded the specified maximal number of failed indexes",
    );
  if (failed > 0 && failed + seen.succeededIndexes.size >= completions)
    return failure("FailedIndexes", "Job has failed indexes");
  const message = metRule(successPolicy, seen.succeededIndexes, completions);
  return message === undefined
    ? undefined
    : { isSuccess: true, reason: "SuccessPolicy", message, isTold: false };
}

/** All that were asked for have succeeded; with no number asked for, one has, and no other runs any more. */
export function isComplete({ spec }: Job, { succeeded }: Observation, active: number): boolean {
  if (active > 0) return false;
  return spec!.completions == null ? succeeded > 0 : succeeded >= spec!.completions;
}

export function condition(
  type: string,
  status: "True" | "False",
  { reason, message }: { readonly reason: string; readonly message: string },
  now: number,
): JobCondition {
  const time = formatTime(now);
  return { type, status, lastProbeTime: time, lastTransitionTime: time, reason, message };
}
