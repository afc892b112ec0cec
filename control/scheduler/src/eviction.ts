/** Evicts the victims of a preemption: each says why in a condition before it is deleted (KEP-3329). */

import type { Api } from "@knarr/client/api.ts";
import type { EventRecorder } from "@knarr/client/event-recorder.ts";
import { pod as pods } from "@knarr/kinds/core/pod.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { keyOf } from "@knarr/machinery/object.ts";
import { isNotFound } from "@knarr/machinery/status.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";

export interface Eviction {
  /** The pod that needs the room. */
  readonly pod: Pod;
  readonly nodeName: string;
  readonly api: Api;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  /** Name of the scheduler. */
  readonly name: string;
}

/** Never rejects: a victim that stays is found again by the next attempt. */
export async function evict(victims: readonly Pod[], eviction: Eviction): Promise<void> {
  const going = victims.filter(({ metadata }) => !metadata.deletionTimestamp);
  await Promise.all(going.map((victim) => evictOne(victim, eviction)));
}

async function evictOne(
  victim: Pod,
  { pod, nodeName, api, recorder, clock, log, name }: Eviction,
): Promise<void> {
  try {
    const condition = {
      type: "DisruptionTarget",
      status: "True",
      reason: "PreemptionByScheduler",
      message: `${name}: preempting to accommodate a higher priority pod`,
      lastTransitionTime: formatTime(clock.now()),
    };
    const patch = { status: { conditions: [condition] } };
    await api.patch(pods, keyOf(victim), patch, { type: "strategic", subresource: "status" });
    await api.delete(pods, keyOf(victim), { uid: victim.metadata.uid! });
    const message = `Preempted by pod ${pod.metadata.uid} on node ${nodeName}`;
    recorder.event(victim, "Normal", "Preempted", message);
  } catch (err) {
    if (!isNotFound(err)) log.info("Eviction failed", { pod: keyOf(victim), err });
  }
}
