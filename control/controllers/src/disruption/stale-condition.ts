/** Takes back that a pod is about to be disrupted, when long after it was said nobody has deleted the pod. */

import { pod as pods } from "@knarr/kinds/core/pod.ts";
import type { Pod, PodCondition } from "@knarr/kinds/generated/core-v1.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import { defineController, type Outcome } from "@knarr/client/controller.ts";
import { isActive } from "../pods.ts";

const TYPE = "DisruptionTarget";
const STALE_MS = 120_000;

export const staleDisruptionController = defineController<Pod>({
  name: "stale-disruption",
  for: pods,
  writes: { "pods/status": ["update"] },

  async reconcile(key, { cache, api, clock }): Promise<Outcome | void> {
    const pod = cache.get(pods, key);
    if (!pod || !isActive(pod)) return;
    const target = pod.status?.conditions?.find(({ type }) => type === TYPE);
    // A kubelet that says so will end the pod itself, however long that takes.
    if (target?.status !== "True" || target.reason === "TerminationByKubelet") return;
    const now = clock.now();
    const left = Date.parse(target.lastTransitionTime ?? formatTime(0)) + STALE_MS - now;
    if (left > 0) return { againInMs: left };
    const { generation } = pod.metadata;
    const over: PodCondition = {
      type: TYPE,
      status: "False",
      lastTransitionTime: formatTime(now),
      ...(generation && { observedGeneration: generation }),
    };
    const conditions = pod.status!.conditions!.map((one) => (one === target ? over : one));
    await api.updateStatus(pods, { ...pod, status: { ...pod.status, conditions } });
  },
});
