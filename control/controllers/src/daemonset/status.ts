/** The status of a DaemonSet: what nodes have of what they should. */

import type { DaemonSet, DaemonSetStatus } from "@knarr/kinds/generated/apps-v1.ts";
import { withoutZeros } from "../counts.ts";
import { isAvailable, isReady } from "../pods.ts";
import { isUpToDate, type Place } from "./placement.ts";
import { placedThenOldest } from "./plan.ts";

export interface Seen {
  readonly hash: string;
  readonly now: number;
  readonly collisionCount: number | undefined;
}

/** Of several pods on a node the first placed speaks for it. */
export function statusOf(
  set: DaemonSet,
  places: readonly Place[],
  { hash, now, collisionCount }: Seen,
): DaemonSetStatus {
  const { metadata, spec, status } = set;
  const existing = places.filter(({ node }) => node);
  const wanted = existing.filter(({ shouldRun }) => shouldRun);
  const speaking = wanted
    .map(({ pods }) => pods.toSorted(placedThenOldest)[0])
    .filter((pod) => pod !== undefined);
  const available = speaking.filter((pod) => isAvailable(pod, spec!.minReadySeconds ?? 0, now)).length;
  return {
    currentNumberScheduled: speaking.length,
    desiredNumberScheduled: wanted.length,
    numberMisscheduled: existing.filter(({ shouldRun, pods }) => !shouldRun && pods.length > 0).length,
    numberReady: speaking.filter(isReady).length,
    ...withoutZeros({
      observedGeneration: metadata.generation ?? 0,
      updatedNumberScheduled: speaking.filter((pod) => isUpToDate(pod, set, hash)).length,
      numberAvailable: available,
      numberUnavailable: wanted.length - available,
    }),
    ...(collisionCount !== undefined && { collisionCount }),
    ...(status?.conditions && { conditions: status.conditions }),
  };
}
