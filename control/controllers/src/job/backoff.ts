/** How long a Job waits before it replaces pods that failed: 10 seconds, doubled with every failure since the last success. */

import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { readyCondition } from "../pods.ts";

const FIRST_MS = 10_000;
const MAX_MS = 600_000;

export interface Failures {
  /** Since the last success. */
  readonly count: number;
  /** When the last of them was, in milliseconds. */
  readonly lastAt: number | undefined;
}

export const NO_FAILURES: Failures = { count: 0, lastAt: undefined };

/** `before` with what happened since; the order of ends decides which failures came after the last success. */
export function failuresAfter(before: Failures, succeeded: readonly Pod[], failed: readonly Pod[]): Failures {
  const ends = failed.map(finishedAt);
  if (succeeded.length === 0)
    return ends.length ? { count: before.count + ends.length, lastAt: Math.max(...ends) } : before;
  const lastSuccess = Math.max(...succeeded.map(finishedAt));
  const since = ends.filter((end) => end > lastSuccess);
  return since.length ? { count: since.length, lastAt: Math.max(...since) } : NO_FAILURES;
}

/** Milliseconds until the next attempt; 0 for at once. */
export function waitAfter({ count, lastAt }: Failures, now: number): number {
  if (count === 0 || lastAt === undefined) return 0;
  const wait = Math.min(FIRST_MS * 2 ** (count - 1), MAX_MS);
  return Math.max(0, lastAt + wait - now);
}

/**
 * When a pod ended: its last container did; else it stopped being ready; else it was told to go; else, without a kubelet to say
 * any of this, when it was made.
 */
export function finishedAt(pod: Pod): number {
  const { metadata, status } = pod;
  const ended = lastContainerEnd(pod);
  if (ended !== undefined) return ended;
  const ready = readyCondition(pod);
  if (ready?.status === "False" && ready.lastTransitionTime) return Date.parse(ready.lastTransitionTime);
  if (metadata.deletionTimestamp)
    return Date.parse(metadata.deletionTimestamp) - (metadata.deletionGracePeriodSeconds ?? 0) * 1000;
  return Date.parse(metadata.creationTimestamp ?? status?.startTime ?? "") || 0;
}

/** Sidecars end after the rest. Undefined while any of them has not ended. */
function lastContainerEnd({ spec, status }: Pod): number | undefined {
  const sidecars = new Set(
    (spec?.initContainers ?? []).filter((c) => c.restartPolicy === "Always").map((c) => c.name),
  );
  const statuses = [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name)),
  ];
  const ends = statuses.map(({ state }) => Date.parse(state?.terminated?.finishedAt ?? ""));
  return ends.length === 0 || ends.some(Number.isNaN) ? undefined : Math.max(...ends);
}
