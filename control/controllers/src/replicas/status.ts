/** The status of a ReplicaSet or ReplicationController, computed from its pods. */

import { isDeepStrictEqual } from "node:util";
import type { ReplicaSet, ReplicaSetCondition, ReplicaSetStatus } from "@knarr/kinds/generated/apps-v1.ts";
import type { Pod, ReplicationController } from "@knarr/kinds/generated/core-v1.ts";
import { selectorOfLabels } from "@knarr/machinery/labels.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import { conditionOf, withCondition, withoutCondition } from "../conditions.ts";
import { isAvailable, isReady } from "../pods.ts";
import { withoutZeros } from "../counts.ts";

export type Replicated = ReplicaSet | ReplicationController;

export interface Observation {
  readonly active: readonly Pod[];
  /** How many are on their way out; undefined where the status does not say. */
  readonly terminating: number | undefined;
  /** Why pods could not be created or deleted, if so. */
  readonly failure: unknown;
  readonly now: number;
}

export function statusOf(
  set: Replicated,
  { active, terminating, failure, now }: Observation,
): ReplicaSetStatus {
  const { spec, metadata } = set;
  const labelled = selectorOfLabels(spec!.template?.metadata?.labels);
  const ready = active.filter(isReady);
  const conditions = conditionsOf(set, active.length, failure, now);
  return {
    replicas: active.length,
    ...withoutZeros({
      fullyLabeledReplicas: active.filter((p) => labelled.matches(p.metadata.labels)).length,
      readyReplicas: ready.length,
      availableReplicas: ready.filter((p) => isAvailable(p, spec!.minReadySeconds ?? 0, now)).length,
      observedGeneration: metadata.generation ?? 0,
    }),
    ...(terminating !== undefined && { terminatingReplicas: terminating }),
    ...(conditions.length > 0 && { conditions: [...conditions] }),
  };
}

/** Whether writing `status` would change nothing. */
export function sameStatus({ status }: Replicated, next: ReplicaSetStatus): boolean {
  return isDeepStrictEqual(
    { replicas: 0, ...withoutZeros(status ?? {}) },
    { ...withoutZeros(next), replicas: next.replicas },
  );
}

function conditionsOf(
  { spec, status }: Replicated,
  active: number,
  failure: unknown,
  now: number,
): readonly ReplicaSetCondition[] {
  const conditions = status?.conditions ?? [];
  if (failure === undefined) return withoutCondition(conditions, "ReplicaFailure");
  if (conditionOf(conditions, "ReplicaFailure")) return conditions;
  return withCondition(conditions, {
    type: "ReplicaFailure",
    status: "True",
    reason: active < (spec!.replicas ?? 1) ? "FailedCreate" : "FailedDelete",
    message: failure instanceof Error ? failure.message : String(failure),
    lastTransitionTime: formatTime(now),
  });
}
