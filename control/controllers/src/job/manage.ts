/** Makes and removes pods until as many run as should. */

import type { Job } from "@knarr/kinds/generated/batch-v1.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import type { Context } from "@knarr/client/controller.ts";
import { inSlowStart } from "../batches.ts";
import { createPod, deletePod } from "../pod-writes.ts";
import { isReady } from "../pods.ts";
import { finishedAt, waitAfter, type Failures } from "./backoff.ts";
import {
  attemptsOf,
  hasLimitPerIndex,
  isIndexed,
  replacesOnlyFailed,
  type Observation,
} from "./observation.ts";
import { releasePod } from "./orphans.ts";
import { indexesToAdd, newPod, podsToRemove, wantedActive } from "./pods.ts";

/** Pods made or removed in one pass at most, so that one huge Job cannot starve the rest. */
const BURST = 500;

export interface Change {
  /** Pods that run after it. */
  readonly active: number;
  /** Of those removed, how many were ready. */
  readonly readyGone: number;
  /** How many more are on their way out. */
  readonly terminating: number;
  /** What could not be done. */
  readonly error?: unknown;
  /** When there is more to do. */
  readonly waitMs?: number;
}

interface Sync extends Context {
  readonly job: Job;
  readonly seen: Observation;
  readonly failures: Failures;
}

export async function manage(sync: Sync): Promise<Change> {
  const { job, seen, clock } = sync;
  const active = seen.active.length;
  const nothing: Change = { active, readyGone: 0, terminating: 0 };
  if (job.metadata.deletionTimestamp) return nothing;
  if (job.spec!.suspend) return removePods(seen.active, sync);
  const wanted = wantedActive(job, seen);
  const doomed = podsToRemove(job, seen.active, Math.max(0, active - wanted)).slice(0, BURST);
  if (doomed.length) return removePods(doomed, sync);

  const leaving = replacesOnlyFailed(job) ? seen.terminating.length : 0;
  const missing = Math.min(wanted - leaving - active, BURST);
  if (missing <= 0) return nothing;
  const waitMs = hasLimitPerIndex(job) ? 0 : waitAfter(sync.failures, clock.now());
  if (waitMs > 0) return { ...nothing, waitMs };
  if (!isIndexed(job))
    return addPods(
      Array.from({ length: missing }, () => undefined),
      sync,
    );
  const indexes = indexesToAdd(job, seen, missing);
  const waits = indexes.map((index) => waitForIndex(seen.awaited.get(index), clock.now()));
  const due = indexes.filter((_, i) => waits[i] === 0);
  if (due.length || !indexes.length) return addPods(due, sync);
  return { ...nothing, waitMs: Math.min(...waits) };
}

function waitForIndex(failed: Pod | undefined, now: number): number {
  return failed ? waitAfter({ count: attemptsOf(failed) + 1, lastAt: finishedAt(failed) }, now) : 0;
}

/** Takes down what runs, and leaves it to be counted: the Job is at its end. */
export async function removeAll(sync: Sync): Promise<Change> {
  return remove(sync.seen.active, sync, (pod) => deletePod(sync.job, pod, sync));
}

/** The same for pods that the Job does not want: they are not counted. */
async function removePods(doomed: readonly Pod[], sync: Sync): Promise<Change> {
  return remove(doomed, sync, async (pod) => {
    await releasePod(pod, sync);
    await deletePod(sync.job, pod, sync);
  });
}

async function remove(
  doomed: readonly Pod[],
  { seen }: Sync,
  end: (pod: Pod) => Promise<void>,
): Promise<Change> {
  const results = await Promise.allSettled(doomed.map(end));
  const failure = results.find((result) => result.status === "rejected");
  const gone = doomed.filter((_, i) => results[i]!.status === "fulfilled");
  return {
    active: seen.active.length - gone.length,
    readyGone: gone.filter(isReady).length,
    terminating: gone.length,
    ...(failure && { error: failure.reason as unknown }),
  };
}

async function addPods(indexes: readonly (number | undefined)[], sync: Sync): Promise<Change> {
  const { job, seen } = sync;
  let made = 0;
  let next = 0;
  const add = async (): Promise<void> => {
    if (await createPod(job, newPod(job, indexes[next++], seen), sync)) made++;
  };
  const error: unknown = await inSlowStart(indexes.length, add).then(
    () => undefined,
    (err: unknown) => err,
  );
  return {
    active: seen.active.length + made,
    readyGone: 0,
    terminating: 0,
    ...(error !== undefined && { error }),
  };
}
