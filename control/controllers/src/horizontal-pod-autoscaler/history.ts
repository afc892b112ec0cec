/** What an autoscaler remembers of what it asked for and did, as long as its rules look back. A history is never changed, a new one is made. */

import type { HorizontalPodAutoscalerBehavior } from "@knarr/kinds/generated/autoscaling-v2.ts";

/** --horizontal-pod-autoscaler-downscale-stabilization */
export const DOWN_WINDOW_MS = 300_000;
/** Validation lets no window be longer, and no period of a policy more than half of it. */
const LONGEST_WINDOW_MS = 3_600_000;

/** Replicas that the figures asked for. */
export interface Recommendation {
  readonly replicas: number;
  readonly at: number;
}

/** Replicas that came or went. */
export interface Change {
  readonly by: number;
  readonly at: number;
}

export interface History {
  readonly wishes: readonly Recommendation[];
  readonly ups: readonly Change[];
  readonly downs: readonly Change[];
}

/** What there is when an autoscaler is first looked at counts as asked for: a restart takes nothing away at once. */
export function firstHistory(replicas: number, at: number): History {
  return { wishes: [{ replicas, at }], ups: [], downs: [] };
}

export function withWish(
  history: History,
  wish: Recommendation,
  behavior: HorizontalPodAutoscalerBehavior | undefined,
): History {
  const windowMs = behavior ? LONGEST_WINDOW_MS : DOWN_WINDOW_MS;
  return { ...history, wishes: [...since(history.wishes, wish.at - windowMs), wish] };
}

export function withChange(history: History, from: number, { replicas: to, at }: Recommendation): History {
  const change = { by: Math.abs(to - from), at };
  const list = to > from ? "ups" : "downs";
  return { ...history, [list]: [...since(history[list], at - LONGEST_WINDOW_MS), change] };
}

function since<T extends { readonly at: number }>(all: readonly T[], time: number): readonly T[] {
  return all.filter(({ at }) => at >= time);
}
