/**
 * From the number that the figures ask for to the number there will be: between the limits, not faster than the rules allow, and not on
 * a passing whim. Nothing is remembered here; see `history.ts`.
 */

import type { HorizontalPodAutoscalerSpec, HPAScalingRules } from "@knarr/kinds/generated/autoscaling-v2.ts";
import { DOWN_WINDOW_MS, type Change, type History } from "./history.ts";
import type { Stated } from "./stated.ts";

export interface Wish {
  readonly spec: HorizontalPodAutoscalerSpec;
  readonly current: number;
  /** What the figures ask for. */
  readonly desired: number;
  readonly history: History;
  readonly now: number;
}

export interface Ruling {
  readonly replicas: number;
  /** AbleToScale and ScalingLimited. */
  readonly conditions: readonly Stated[];
}

interface Limit {
  readonly replicas: number;
  readonly reason: string;
  readonly message: string;
}

const TOO_MANY = "the desired replica count is more than the maximum replica count";
const TOO_FEW = "the desired replica count is less than the minimum replica count";
const UP_TOO_FAST = "the desired replica count is increasing faster than the maximum scale rate";
const DOWN_TOO_FAST = "the desired replica count is decreasing faster than the maximum scale rate";
const LOWER_BEFORE =
  "recent recommendations were lower than current one, applying the lowest recent recommendation";
const HIGHER_BEFORE =
  "recent recommendations were higher than current one, applying the highest recent recommendation";

export function ruled(wish: Wish): Ruling {
  const { spec, current, desired } = wish;
  const calm = spec.behavior ? calmedByBehavior(wish) : calmed(wish);
  const isUp = spec.behavior !== undefined && desired >= current;
  const able =
    calm === desired
      ? { reason: "ReadyForNewScale", message: "recommended size matches current size" }
      : isUp
        ? { reason: "ScaleUpStabilized", message: LOWER_BEFORE }
        : { reason: "ScaleDownStabilized", message: HIGHER_BEFORE };
  const limit = spec.behavior ? limitByBehavior(wish, calm) : limitOf(wish, calm);
  const { replicas, ...why } = limit ?? {
    replicas: calm,
    reason: "DesiredWithinRange",
    message: "the desired count is within the acceptable range",
  };
  return {
    replicas,
    conditions: [
      { type: "AbleToScale", status: "True", ...able },
      { type: "ScalingLimited", status: replicas === calm ? "False" : "True", ...why },
    ],
  };
}

/** The highest number that was asked for in the last five minutes. */
function calmed({ desired, history, now }: Wish): number {
  const recent = history.wishes.filter(({ at }) => at >= now - DOWN_WINDOW_MS);
  return Math.max(desired, ...recent.map(({ replicas }) => replicas));
}

/** Up only to the lowest, and down only to the highest number that was asked for in the window of that direction. */
function calmedByBehavior({ spec, current, desired, history, now }: Wish): number {
  const within = (windowMs: number): number[] =>
    history.wishes.filter(({ at }) => at > now - windowMs).map(({ replicas }) => replicas);
  const { scaleUp, scaleDown } = spec.behavior!;
  const lowest = Math.min(desired, ...within(windowOf(scaleUp, 0)));
  const highest = Math.max(desired, ...within(windowOf(scaleDown, DOWN_WINDOW_MS)));
  return Math.min(Math.max(current, lowest), highest);
}

function windowOf(rules: HPAScalingRules | undefined, fallbackMs: number): number {
  const seconds = rules?.stabilizationWindowSeconds;
  return seconds == null ? fallbackMs : seconds * 1000;
}

function limitOf({ spec, current }: Wish, desired: number): Limit | undefined {
  const least = spec.minReplicas ?? 1;
  if (desired < least) return { replicas: least, reason: "TooFewReplicas", message: TOO_FEW };
  const most = Math.max(2 * current, 4);
  return most < spec.maxReplicas
    ? above(desired, { replicas: most, reason: "ScaleUpLimit", message: UP_TOO_FAST })
    : above(desired, { replicas: spec.maxReplicas, reason: "TooManyReplicas", message: TOO_MANY });
}

function limitByBehavior(wish: Wish, desired: number): Limit | undefined {
  const { spec, current } = wish;
  const { scaleUp, scaleDown } = spec.behavior!;
  if (desired > current) {
    const most = Math.max(current, byPolicies(wish, scaleUp, 1));
    return most < spec.maxReplicas
      ? above(desired, { replicas: most, reason: "ScaleUpLimit", message: UP_TOO_FAST })
      : above(desired, { replicas: spec.maxReplicas, reason: "TooManyReplicas", message: TOO_MANY });
  }
  if (desired === current) return undefined;
  const min = spec.minReplicas ?? 1;
  const least = Math.min(current, byPolicies(wish, scaleDown, -1));
  const limit =
    least > min
      ? { replicas: least, reason: "ScaleDownLimit", message: DOWN_TOO_FAST }
      : { replicas: min, reason: "TooFewReplicas", message: TOO_FEW };
  return desired < limit.replicas ? limit : undefined;
}

function above(desired: number, limit: Limit): Limit | undefined {
  return desired > limit.replicas ? limit : undefined;
}

/**
 * How far the policies let it go in one direction. Each counts from what there was when its period began:
 *
 *     Pods 4 in 60 s; 10 replicas now, 3 of them came 20 s ago:   10 - 3 + 4 = 11
 */
function byPolicies(
  { current, history, now }: Wish,
  { policies = [], selectPolicy = "Max" }: HPAScalingRules = {},
  direction: 1 | -1,
): number {
  if (selectPolicy === "Disabled") return current;
  const reaches = policies.map(({ type, value, periodSeconds }) => {
    const since = now - periodSeconds * 1000;
    const start = current - changed(history.ups, since) + changed(history.downs, since);
    if (type === "Pods") return start + direction * value;
    const reach = start * (1 + (direction * value) / 100);
    return direction === 1 ? Math.ceil(reach) : Math.trunc(reach);
  });
  const wantsHighest = (selectPolicy === "Min") === (direction === -1);
  return wantsHighest ? Math.max(...reaches) : Math.min(...reaches);
}

function changed(changes: readonly Change[], since: number): number {
  return changes.reduce((total, { by, at }) => (at > since ? total + by : total), 0);
}
