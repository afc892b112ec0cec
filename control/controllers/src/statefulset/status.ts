/** The status of a StatefulSet, counted from its pods. */

import type { StatefulSet, StatefulSetStatus } from "@knarr/kinds/generated/apps-v1.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { withoutZeros } from "../counts.ts";
import { isAvailable, isGoing, isReady } from "../pods.ts";
import { replicasOf, revisionOf } from "./identity.ts";

export interface Seen {
  /** All but those told to go in this pass for an update. */
  readonly pods: readonly Pod[];
  readonly leaving: readonly Pod[];
  /** Names of the revisions that pods were of, and are to be of. */
  readonly current: string;
  readonly update: string;
  readonly collisionCount: number;
  readonly now: number;
}

export function statusOf(set: StatefulSet, seen: Seen): StatefulSetStatus {
  const { leaving, current, update, collisionCount, now } = seen;
  const { metadata, spec, status: before } = set;
  const all = [...seen.pods, ...leaving];
  const ready = all.filter((pod) => isRunning(pod) && isReady(pod));
  const staying = seen.pods.filter((pod) => !isGoing(pod));
  const of = (name: string) => staying.filter((pod) => revisionOf(pod) === name).length;
  const updated = of(update);
  const isDone =
    spec!.updateStrategy?.type === "RollingUpdate" &&
    [updated, ready.length, all.length].every((count) => count === replicasOf(set));
  return {
    replicas: all.length,
    availableReplicas: ready.filter((pod) => isAvailable(pod, spec!.minReadySeconds ?? 0, now)).length,
    ...withoutZeros({
      observedGeneration: metadata.generation ?? 0,
      readyReplicas: ready.length,
      currentReplicas: isDone ? updated : of(current),
      updatedReplicas: updated,
    }),
    currentRevision: isDone ? update : current,
    updateRevision: update,
    collisionCount,
    ...(before?.conditions && { conditions: before.conditions }),
  };
}

export function isRunning({ status }: Pod): boolean {
  return status?.phase === "Running";
}
