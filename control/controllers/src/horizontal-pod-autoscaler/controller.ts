/**
 * HorizontalPodAutoscaler: every quarter of a minute asks for the figures that an autoscaler names, works out how many replicas they
 * want, and sets its target's scale to that, between the autoscaler's limits and not faster than its rules allow.
 *
 * What was asked for before is only known here: in another process the windows of the rules begin anew, and the replicas there are then
 * count as what was wanted. A target with no replicas is left alone: that is how people switch an autoscaler off.
 */

import { isDeepStrictEqual } from "node:util";
import { defineController, type Context, type Controller, type Outcome } from "@knarr/client/controller.ts";
import type { Discovered } from "@knarr/client/discovery.ts";
import { horizontalPodAutoscaler } from "@knarr/kinds/autoscaling/horizontal-pod-autoscaler.ts";
import { pod } from "@knarr/kinds/core/pod.ts";
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerCondition,
  HorizontalPodAutoscalerStatus,
} from "@knarr/kinds/generated/autoscaling-v2.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import { rememberKinds } from "../remembered-kinds.ts";
import { look, type Memory, type Seen } from "./look.ts";
import { figuresFrom } from "./metrics.ts";
import { Selectors } from "./selectors.ts";
import { withStated } from "./stated.ts";

/** --horizontal-pod-autoscaler-sync-period */
const SYNC_MS = 15_000;

/** `discover` asks the server for its kinds: any may have a scale. `figuresOf` is where the figures come from. */
export function horizontalPodAutoscalerController(
  discover: (signal: AbortSignal) => Promise<Discovered>,
  figuresOf = figuresFrom,
): Controller<HorizontalPodAutoscaler> {
  const kindOf = rememberKinds(discover);
  const selectors = new Selectors();
  const memories = new Map<string, Memory>();
  return defineController<HorizontalPodAutoscaler>({
    name: "horizontal-pod-autoscaler",
    eventSource: "horizontal-pod-autoscaler",
    for: horizontalPodAutoscaler,
    watches: [{ resource: pod, wakes: () => [] }],
    writes: {
      "horizontalpodautoscalers.autoscaling/status": ["update"],
      "*.*/scale": ["get", "update"],
      "pods.metrics.k8s.io": ["list"],
      "*.custom.metrics.k8s.io": ["get", "list"],
      "*.external.metrics.k8s.io": ["get", "list"],
    },

    async reconcile(key, context): Promise<Outcome | void> {
      const { api, cache, clock, signal } = context;
      const hpa = cache.get(horizontalPodAutoscaler, key);
      if (!hpa) {
        memories.delete(key);
        selectors.delete(key);
        return;
      }
      const now = clock.now();
      const memory = memories.get(key) ?? { nextAt: now };
      memories.set(key, memory);
      // Its own status wakes it; figures are asked for at their time.
      if (now < memory.nextAt) return { againInMs: memory.nextAt - now };
      const figures = figuresOf(api, kindOf, signal);
      const seen = await look(hpa, { ...context, figures, selectors, kindOf, memory });
      // From here on: figures of nodes are kept for as long, and would be the same again a moment earlier.
      memory.nextAt = clock.now() + SYNC_MS;
      await report(hpa, seen, context);
      return { againInMs: SYNC_MS };
    },
  });
}

async function report(
  hpa: HorizontalPodAutoscaler,
  { conditions, current, desired, metrics, rescaled }: Seen,
  { api, clock, event }: Context,
): Promise<void> {
  const now = formatTime(clock.now());
  const before = hpa.status ?? { desiredReplicas: 0 };
  let stated: readonly HorizontalPodAutoscalerCondition[] = before.conditions ?? [];
  for (const one of conditions) stated = withStated(stated, one, now);
  const { currentMetrics: _, ...rest } = before;
  const status: HorizontalPodAutoscalerStatus = {
    ...(metrics ? rest : before),
    ...(current !== undefined && { currentReplicas: current }),
    ...(desired !== undefined && { desiredReplicas: desired }),
    ...(metrics?.length && { currentMetrics: [...metrics] }),
    ...(rescaled && { lastScaleTime: now }),
    conditions: [...stated],
  };
  if (isDeepStrictEqual(status, hpa.status)) return;
  try {
    await api.updateStatus(horizontalPodAutoscaler, { ...hpa, status });
  } catch (err) {
    event(hpa, "Warning", "FailedUpdateStatus", (err as Error).message);
    throw err;
  }
}
