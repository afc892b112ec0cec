/** One look at an autoscaler: what its target has, what it should have, and the change from one to the other. */

import type { Scale } from "@knarr/kinds/generated/autoscaling-v1.ts";
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerSpec,
  MetricStatus,
} from "@knarr/kinds/generated/autoscaling-v2.ts";
import type { KindOf } from "../remembered-kinds.ts";
import { firstHistory, withChange, withWish, type History } from "./history.ts";
import { rescale, scaleTargetOf, type ScaleTarget } from "./scale-target.ts";
import { ruled } from "./scaling-rules.ts";
import type { Stated } from "./stated.ts";
import { wantedOf, type Wanting } from "./wanted.ts";

/** What is known of an autoscaler from one look to the next. */
export interface Memory {
  nextAt: number;
  history?: History;
}

export interface Looking extends Wanting {
  readonly kindOf: KindOf;
  readonly memory: Memory;
}

/** What a look came to; what is left out stays as it was. */
export interface Seen {
  readonly conditions: readonly Stated[];
  readonly current?: number;
  readonly desired?: number;
  readonly metrics?: readonly MetricStatus[];
  readonly rescaled?: true;
}

interface Decision {
  /** Undefined when it cannot be told. */
  readonly replicas?: number;
  readonly reason: string;
  readonly conditions: readonly Stated[];
  readonly metrics: readonly MetricStatus[];
}

export async function look(hpa: HorizontalPodAutoscaler, looking: Looking): Promise<Seen> {
  const { clock, event, memory, signal } = looking;
  let target: ScaleTarget;
  try {
    target = await scaleTargetOf(hpa, looking, looking.kindOf);
  } catch (err) {
    signal.throwIfAborted();
    const { message } = err as Error;
    event(hpa, "Warning", "FailedGetScale", message);
    const why = `the HPA controller was unable to get the target's current scale: ${message}`;
    return { conditions: [unable("FailedGetScale", why)] };
  }
  const found = able("SucceededGetScale", "the HPA controller was able to get the target's current scale");
  const current = target.scale.spec?.replicas ?? 0;
  memory.history ??= firstHistory(current, clock.now());
  if (current === 0) return { conditions: [found, disabled], current, desired: 0, metrics: [] };

  const decision = backToLimits(hpa.spec, current) ?? (await byMetrics(hpa, target.scale, looking));
  const conditions = [found, ...decision.conditions];
  const { replicas, reason, metrics } = decision;
  if (replicas === undefined) return { conditions, current, metrics };
  if (replicas === current) return { conditions, current, desired: current, metrics };
  const done = await scaleTo(hpa, target, { looking, replicas, reason });
  const stated = [...conditions, done];
  if (done.status === "False") return { conditions: stated, current, metrics };
  return { conditions: stated, current, desired: replicas, metrics, rescaled: true };
}

/** Somebody else set it outside of them: no figure is needed to know better. */
function backToLimits(
  { minReplicas = 1, maxReplicas }: HorizontalPodAutoscalerSpec,
  current: number,
): Decision | undefined {
  const rest = { conditions: [], metrics: [] };
  if (current > maxReplicas)
    return { ...rest, replicas: maxReplicas, reason: "Current number of replicas above Spec.MaxReplicas" };
  if (current < minReplicas)
    return { ...rest, replicas: minReplicas, reason: "Current number of replicas below Spec.MinReplicas" };
  return undefined;
}

async function byMetrics(hpa: HorizontalPodAutoscaler, scale: Scale, looking: Looking): Promise<Decision> {
  const { clock, event, log, memory } = looking;
  const { spec } = hpa;
  const { replicas: desired, name, statuses: metrics, active, problem } = await wantedOf(hpa, scale, looking);
  if (problem !== undefined) log.info("Metrics were not all known", { problem });
  if (desired === undefined) {
    event(hpa, "Warning", "FailedComputeMetricsReplicas", problem!);
    return { reason: "", conditions: [active], metrics };
  }
  const now = clock.now();
  const current = scale.spec!.replicas!;
  const { replicas, conditions } = ruled({ spec, current, desired, history: memory.history!, now });
  memory.history = withWish(memory.history!, { replicas: desired, at: now }, spec.behavior);
  const reason =
    desired > current ? `${name} above target` : desired < current ? "All metrics below target" : "";
  return { replicas, reason, conditions: [active, ...conditions], metrics };
}

async function scaleTo(
  hpa: HorizontalPodAutoscaler,
  target: ScaleTarget,
  {
    looking,
    replicas,
    reason,
  }: { readonly looking: Looking; readonly replicas: number; readonly reason: string },
): Promise<Stated> {
  const { clock, event, log, memory, signal } = looking;
  const current = target.scale.spec!.replicas!;
  try {
    await rescale(target, replicas, looking);
  } catch (err) {
    signal.throwIfAborted();
    const { message } = err as Error;
    event(hpa, "Warning", "FailedRescale", `New size: ${replicas}; reason: ${reason}; error: ${message}`);
    const why = `the HPA controller was unable to update the target scale: ${message}`;
    return unable("FailedUpdateScale", why);
  }
  event(hpa, "Normal", "SuccessfulRescale", `New size: ${replicas}; reason: ${reason}`);
  log.info("Target rescaled", { from: current, to: replicas, reason });
  if (hpa.spec.behavior) memory.history = withChange(memory.history!, current, { replicas, at: clock.now() });
  return able("SucceededRescale", `the HPA controller was able to update the target scale to ${replicas}`);
}

const disabled: Stated = {
  type: "ScalingActive",
  status: "False",
  reason: "ScalingDisabled",
  message: "scaling is disabled since the replica count of the target is zero",
};

function able(reason: string, message: string): Stated {
  return { type: "AbleToScale", status: "True", reason, message };
}

function unable(reason: string, message: string): Stated {
  return { type: "AbleToScale", status: "False", reason, message };
}
