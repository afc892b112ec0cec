/** What the scheduler writes on a pod it could not place: the PodScheduled condition, and the node that room is being made on. */

import type { Api } from "@knarr/client/api.ts";
import { pod as pods } from "@knarr/kinds/core/pod.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { keyOf } from "@knarr/machinery/object.ts";
import { formatTime } from "@knarr/machinery/time.ts";

export interface Note {
  readonly pod: Pod;
  /** `Unschedulable` or `SchedulerError`. */
  readonly reason: string;
  readonly message: string;
  readonly nominatedNodeName?: string;
  readonly now: number;
  readonly api: Api;
}

/** Writes only what differs. */
export async function notePodStatus(note: Note): Promise<void> {
  const { pod, reason, message, nominatedNodeName, now, api } = note;
  const before = pod.status?.conditions?.find(({ type }) => type === "PodScheduled");
  const isSame = before?.status === "False" && before.reason === reason && before.message === message;
  const isNominated = nominatedNodeName === undefined || pod.status?.nominatedNodeName === nominatedNodeName;
  if (isSame && isNominated) return;
  const since = before?.status === "False" ? before.lastTransitionTime : undefined;
  const condition = {
    type: "PodScheduled",
    status: "False",
    reason,
    message,
    lastProbeTime: null,
    lastTransitionTime: since ?? formatTime(now),
    ...(pod.metadata.generation && { observedGeneration: pod.metadata.generation }),
  };
  const status = {
    conditions: [condition],
    ...(nominatedNodeName !== undefined && { nominatedNodeName }),
  };
  await api.patch(pods, keyOf(pod), { status }, { type: "strategic", subresource: "status" });
}
