/** What controllers ask about pods. */

import type { Pod, PodCondition } from "@knarr/kinds/generated/core-v1.ts";

/** Neither finished nor going away. */
export function isActive({ metadata, status }: Pod): boolean {
  return !metadata.deletionTimestamp && status?.phase !== "Succeeded" && status?.phase !== "Failed";
}

/** Will never run again. */
export function isFinished({ status }: Pod): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

export function readyCondition({ status }: Pod): PodCondition | undefined {
  return status?.conditions?.find(({ type }) => type === "Ready");
}

export function isReady(pod: Pod): boolean {
  return readyCondition(pod)?.status === "True";
}

/** Since when it is ready, in milliseconds; undefined when it is not, or does not say since when. */
export function readySince(pod: Pod): number | undefined {
  const condition = readyCondition(pod);
  if (condition?.status !== "True" || !condition.lastTransitionTime) return undefined;
  return Date.parse(condition.lastTransitionTime);
}

export function isGoing({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/** Ready for at least `minReadySeconds`. */
export function isAvailable(pod: Pod, minReadySeconds: number, now: number): boolean {
  if (!isReady(pod)) return false;
  if (minReadySeconds === 0) return true;
  const since = readySince(pod);
  return since !== undefined && since + minReadySeconds * 1000 <= now;
}

/** Milliseconds until the next ready pod of `pods` becomes available; undefined when none will. */
export function nextAvailableIn(
  pods: readonly Pod[],
  minReadySeconds: number,
  now: number,
): number | undefined {
  const waits = pods
    .map((pod) => readySince(pod))
    .filter((since) => since !== undefined)
    .map((since) => since + minReadySeconds * 1000 - now)
    .filter((wait) => wait > 0);
  return waits.length ? Math.min(...waits) : undefined;
}

/** The most restarts of any container, and of any sidecar. */
export function mostRestarts({ spec, status }: Pod): { containers: number; sidecars: number } {
  const most = (statuses: readonly { restartCount: number }[]) =>
    statuses.reduce((max, { restartCount }) => Math.max(max, restartCount), 0);
  const sidecars = new Set(
    (spec?.initContainers ?? []).filter((c) => c.restartPolicy === "Always").map((c) => c.name),
  );
  return {
    containers: most(status?.containerStatuses ?? []),
    sidecars: most((status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name))),
  };
}

const phases: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

/**
 * Those that got least far first: not yet on a node; pending before unknown before running; not ready; ready for a shorter
 * time; restarted more often; younger. Upstream's ActivePods.
 */
export function byLeastProgress(a: Pod, b: Pod): number {
  const restarts = [mostRestarts(a), mostRestarts(b)] as const;
  return (
    Number(!!a.spec?.nodeName) - Number(!!b.spec?.nodeName) ||
    (phases[a.status?.phase ?? ""] ?? 0) - (phases[b.status?.phase ?? ""] ?? 0) ||
    Number(isReady(a)) - Number(isReady(b)) ||
    (isReady(a) ? unknownThenNewest(readySince(a), readySince(b)) : 0) ||
    restarts[1].containers - restarts[0].containers ||
    restarts[1].sidecars - restarts[0].sidecars ||
    unknownThenNewest(createdAt(a), createdAt(b))
  );
}

function unknownThenNewest(a: number | undefined, b: number | undefined): number {
  return (b ?? Infinity) === (a ?? Infinity) ? 0 : (b ?? Infinity) > (a ?? Infinity) ? 1 : -1;
}

export function createdAt({ metadata }: Pod): number | undefined {
  return metadata.creationTimestamp ? Date.parse(metadata.creationTimestamp) : undefined;
}
