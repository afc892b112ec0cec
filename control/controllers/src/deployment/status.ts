/** The status of a Deployment: counts of its ReplicaSets, and the conditions that `kubectl rollout status` waits for. */

import { isDeepStrictEqual } from "node:util";
import type {
  Deployment,
  DeploymentCondition,
  DeploymentStatus,
  ReplicaSet,
  ReplicaSetCondition,
} from "@knarr/kinds/generated/apps-v1.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import { conditionOf, withoutCondition } from "../conditions.ts";
import { withoutZeros } from "../counts.ts";
import { availableReplicas, limitsOf, replicasOf, totalReplicas } from "./rollout.ts";

export const reasons = {
  newSet: "NewReplicaSetCreated",
  foundSet: "FoundNewReplicaSet",
  updated: "ReplicaSetUpdated",
  available: "NewReplicaSetAvailable",
  createError: "ReplicaSetCreateError",
  timedOut: "ProgressDeadlineExceeded",
  paused: "DeploymentPaused",
  resumed: "DeploymentResumed",
} as const;

export function hasDeadline({ spec }: Deployment): boolean {
  return spec!.progressDeadlineSeconds !== undefined && spec!.progressDeadlineSeconds !== 2 ** 31 - 1;
}

export function progressing(
  status: "True" | "False" | "Unknown",
  reason: string,
  message: string,
  now: number,
): DeploymentCondition {
  const at = formatTime(now);
  return { type: "Progressing", status, reason, message, lastUpdateTime: at, lastTransitionTime: at };
}

/** Puts `wanted` into the conditions; nothing changes when the type has this status and reason already. */
export function setCondition(status: DeploymentStatus, wanted: DeploymentCondition): void {
  const conditions = status.conditions ?? [];
  const current = conditionOf(conditions, wanted.type);
  if (current?.status === wanted.status && current.reason === wanted.reason) return;
  const since = current?.status === wanted.status ? current.lastTransitionTime : wanted.lastTransitionTime;
  status.conditions = [
    ...withoutCondition(conditions, wanted.type),
    { ...wanted, ...(since !== undefined && { lastTransitionTime: since }) },
  ];
}

/** Says on the status that the Deployment was paused or resumed, so that the time it stood still does not count as lack of progress. */
export function notePause(deployment: Deployment, now: number): void {
  if (!hasDeadline(deployment)) return;
  const status = statusIn(deployment);
  const reason = conditionOf(status.conditions, "Progressing")?.reason;
  if (reason === reasons.timedOut) return;
  if (deployment.spec!.paused && reason !== reasons.paused) {
    setCondition(status, progressing("Unknown", reasons.paused, "Deployment is paused", now));
  } else if (!deployment.spec!.paused && reason === reasons.paused) {
    setCondition(status, progressing("Unknown", reasons.resumed, "Deployment is resumed", now));
  }
}

/** The deployment's own status, made if it has none. */
export function statusIn(deployment: Deployment): DeploymentStatus {
  return (deployment.status ??= {});
}

/** Counts and availability, with the conditions there were. */
export function countStatus(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  all: readonly ReplicaSet[],
  now: number,
): DeploymentStatus {
  const sum = (sets: readonly ReplicaSet[], field: "replicas" | "readyReplicas") =>
    sets.reduce((total, { status }) => total + (status?.[field] ?? 0), 0);
  const available = availableReplicas(all);
  const { collisionCount, conditions } = deployment.status ?? {};
  const terminating = terminatingReplicas(all);
  const status: DeploymentStatus = {
    ...withoutZeros({
      observedGeneration: deployment.metadata.generation ?? 0,
      replicas: sum(all, "replicas"),
      updatedReplicas: sum(current ? [current] : [], "replicas"),
      readyReplicas: sum(all, "readyReplicas"),
      availableReplicas: available,
      unavailableReplicas: Math.max(0, totalReplicas(all) - available),
    }),
    ...(terminating !== undefined && { terminatingReplicas: terminating }),
    ...(collisionCount !== undefined && { collisionCount }),
    ...(conditions && { conditions: [...conditions] }),
  };
  const isEnough = available >= replicasOf(deployment) - limitsOf(deployment).unavailable;
  const at = formatTime(now);
  setCondition(status, {
    type: "Available",
    status: isEnough ? "True" : "False",
    reason: isEnough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
    message: isEnough
      ? "Deployment has minimum availability."
      : "Deployment does not have minimum availability.",
    lastUpdateTime: at,
    lastTransitionTime: at,
  });
  return status;
}

/** Unknown as soon as one ReplicaSet that was looked at does not say. */
function terminatingReplicas(sets: readonly ReplicaSet[]): number | undefined {
  let total = 0;
  for (const { status } of sets) {
    if (status?.terminatingReplicas === undefined && (status?.observedGeneration ?? 0) !== 0)
      return undefined;
    total += status?.terminatingReplicas ?? 0;
  }
  return total;
}

/** `countStatus`, and what it says about progress since the status in `deployment`. */
export function rolloutStatus(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  all: readonly ReplicaSet[],
  now: number,
): DeploymentStatus {
  const status = countStatus(deployment, current, all, now);
  const before = conditionOf(deployment.status?.conditions, "Progressing");
  if (!hasDeadline(deployment)) {
    status.conditions = [...withoutCondition(status.conditions ?? [], "Progressing")];
  }
  const isDone = status.replicas === status.updatedReplicas && before?.reason === reasons.available;
  if (hasDeadline(deployment) && !isDone) estimateProgress(deployment, status, current, now);

  const failure = failureOf(current, all);
  if (failure) setCondition(status, failure);
  else status.conditions = [...withoutCondition(status.conditions ?? [], "ReplicaFailure")];
  return status;
}

function estimateProgress(
  deployment: Deployment,
  status: DeploymentStatus,
  current: ReplicaSet | undefined,
  now: number,
): void {
  const before = conditionOf(deployment.status?.conditions, "Progressing");
  const subject = current
    ? `ReplicaSet "${current.metadata.name}"`
    : `Deployment "${deployment.metadata.name}"`;
  if (isComplete(deployment, status)) {
    const message = `${subject} has successfully progressed.`;
    setCondition(status, progressing("True", reasons.available, message, now));
  } else if (hasProgressed(deployment.status ?? {}, status)) {
    const condition = progressing("True", reasons.updated, `${subject} is progressing.`, now);
    if (before?.status === "True" && before.lastTransitionTime) {
      condition.lastTransitionTime = before.lastTransitionTime;
    }
    // Replaced even where status and reason stay: lastUpdateTime is when progress was last seen, and the deadline counts from it.
    status.conditions = [...withoutCondition(status.conditions ?? [], "Progressing"), condition];
  } else if (isTimedOut(deployment, status, now)) {
    const message = `${subject} has timed out progressing.`;
    setCondition(status, progressing("False", reasons.timedOut, message, now));
  }
}

/** All replicas are of the current template and available, and no other is left. */
export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const wanted = replicasOf(deployment);
  return (
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}

function hasProgressed(before: DeploymentStatus, after: DeploymentStatus): boolean {
  const outdated = ({ replicas = 0, updatedReplicas = 0 }: DeploymentStatus) => replicas - updatedReplicas;
  return (
    (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    outdated(after) < outdated(before) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

function isTimedOut({ spec }: Deployment, status: DeploymentStatus, now: number): boolean {
  const condition = conditionOf(status.conditions, "Progressing");
  if (!condition || condition.reason === reasons.available) return false;
  if (condition.reason === reasons.timedOut) return true;
  return Date.parse(condition.lastUpdateTime ?? "") + spec!.progressDeadlineSeconds! * 1000 < now;
}

/** Milliseconds until the lack of progress would have to be reported; undefined when there is nothing to wait for. */
export function deadlineIn(
  deployment: Deployment,
  status: DeploymentStatus,
  now: number,
): number | undefined {
  const condition = conditionOf(status.conditions, "Progressing");
  if (!hasDeadline(deployment) || !condition?.lastUpdateTime) return undefined;
  if (isComplete(deployment, status) || condition.reason === reasons.timedOut) return undefined;
  const left = Date.parse(condition.lastUpdateTime) + deployment.spec!.progressDeadlineSeconds! * 1000 - now;
  return Math.max(left, 0) + 1000; // times are written in whole seconds: be sure to be past it
}

/** The failure of a ReplicaSet as the Deployment's; the current one's before others'. */
function failureOf(
  current: ReplicaSet | undefined,
  all: readonly ReplicaSet[],
): DeploymentCondition | undefined {
  for (const set of current ? [current, ...all] : all) {
    const condition = conditionOf<ReplicaSetCondition>(set.status?.conditions, "ReplicaFailure");
    if (!condition) continue;
    const at = condition.lastTransitionTime;
    return { ...condition, ...(at !== undefined && { lastUpdateTime: at }) };
  }
  return undefined;
}

/** Whether the two statuses say the same, absent counts being 0. */
export function sameStatus(a: DeploymentStatus | undefined, b: DeploymentStatus): boolean {
  return isDeepStrictEqual(comparable(a ?? {}), comparable(b));
}

function comparable({ conditions = [], terminatingReplicas, ...counts }: DeploymentStatus): object {
  return { ...withoutZeros(counts), conditions, terminatingReplicas };
}
