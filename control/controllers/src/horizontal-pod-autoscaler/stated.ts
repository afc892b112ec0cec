/** What an autoscaler says of itself: AbleToScale, ScalingActive, ScalingLimited. */

import type { HorizontalPodAutoscalerCondition } from "@knarr/kinds/generated/autoscaling-v2.ts";

export interface Stated {
  readonly type: "AbleToScale" | "ScalingActive" | "ScalingLimited";
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
}

/** Conditions keep their places, and their time while their status stays. */
export function withStated(
  conditions: readonly HorizontalPodAutoscalerCondition[],
  stated: Stated,
  now: string,
): readonly HorizontalPodAutoscalerCondition[] {
  const before = conditions.find(({ type }) => type === stated.type);
  const lastTransitionTime = before?.status === stated.status ? before.lastTransitionTime : now;
  const after = { ...stated, ...(lastTransitionTime !== undefined && { lastTransitionTime }) };
  return before ? conditions.map((one) => (one === before ? after : one)) : [...conditions, after];
}
