/**
 * Job: pods that run to their end, until as many have succeeded as are wanted, or too many have failed.
 *
 * What is seen of the pods (`observation.ts`) decides whether the Job is at its end (`ending.ts`); if not, pods are made or removed
 * (`pods.ts`); then the ends of pods are counted (`tracking.ts`). Within one reconcile, `status` is a draft, written when it
 * differs from what was written last.
 */

import { isDeepStrictEqual } from "node:util";
import { job as jobs } from "@knarr/kinds/batch/job.ts";
import { pod as pods } from "@knarr/kinds/core/pod.ts";
import type { Job, JobStatus } from "@knarr/kinds/generated/batch-v1.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { isFinished as isOver } from "@knarr/kinds/shared/job/status.ts";
import { controllerOf } from "@knarr/machinery/object.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import { defineController, type Context, type Controller, type Outcome } from "@knarr/client/controller.ts";
import { withoutZeros } from "../counts.ts";
import { claim, orphanPods, orphansWake } from "../owners.ts";
import { isReady } from "../pods.ts";
import { selectorOf } from "@knarr/kinds/shared/stored-selector.ts";
import { failuresAfter, NO_FAILURES, type Failures } from "./backoff.ts";
import { COMPLETED, condition, deadlineIn, endingOf, isComplete, type Ending } from "./ending.ts";
import { conditionOf } from "../conditions.ts";
import { manage, removeAll, type Change } from "./manage.ts";
import { observe, TRACKING, type Observation } from "./observation.ts";
import { releaseLeftBehind, releasePods, trackedPods } from "./orphans.ts";
import { countReleased, hasUncounted, tallyEnds } from "./tracking.ts";

/** The controller of Jobs that name none. */
const OURS = "kubernetes.io/job-controller";

/** One pass over one Job. */
interface Sync extends Context {
  readonly job: Job;
  /** As it is written; its resourceVersion is the last. */
  written: Job;
  readonly status: JobStatus;
  readonly seen: Observation;
  readonly failures: Failures;
}

export function jobController(): Controller<Job> {
  /** Failures since the last success, by uid; forgotten with the process, as upstream does. */
  const failures = new Map<string, Failures>();
  /** Uids by key, for Jobs that are gone. */
  const uids = new Map<string, string>();

  return defineController<Job>({
    name: "job",
    for: jobs,
    owns: [pods],
    watches: [
      { resource: pods, wakes: releasedWakes },
      orphansWake(pods, jobs, ({ spec }) => selectorOf(spec!.selector)),
    ],
    indexes: [orphanPods, trackedPods],
    writes: { pods: ["create", "delete", "patch"], "jobs.batch/status": ["update"] },

    async reconcile(key, context): Promise<Outcome | void> {
      const job = context.cache.get(jobs, key);
      await releaseLeftBehind(key, context);
      if (!job || isOver(job.status)) {
        failures.delete(uids.get(key) ?? "");
        uids.delete(key);
        return;
      }
      const { managedBy, completionMode } = job.spec!;
      if (managedBy != null && managedBy !== OURS) return;
      if (completionMode !== "NonIndexed" && completionMode !== "Indexed") {
        const why = "Skipped Job sync because completion mode is unknown";
        return context.event(job, "Warning", "UnknownCompletionMode", why);
      }
      const { uid = "" } = job.metadata;
      uids.set(key, uid);
      const sync = await startSync(job, context, failures.get(uid) ?? NO_FAILURES);
      const outcome = await run(sync, () => failures.set(uid, sync.failures));
      return outcome;
    },
  });
}

/** Orphans that say which Job they were of may be waiting for it to let them go. */
function releasedWakes(pod: Pod): readonly string[] {
  return controllerOf(pod) ? [] : trackedPods.values(pod).filter((key) => key !== undefined);
}

async function startSync(job: Job, context: Context, before: Failures): Promise<Sync> {
  const { api, cache, clock } = context;
  const owned = await claim({
    api,
    owner: job,
    ownerResource: jobs,
    resource: pods,
    selector: selectorOf(job.spec!.selector),
    candidates: [...cache.ownedBy(job, pods), ...cache.by(orphanPods, job.metadata.namespace!)],
    finalizers: [TRACKING],
  });
  const status: JobStatus = structuredClone(job.status ?? {});
  status.uncountedTerminatedPods ??= {};
  if (!job.spec!.suspend) status.startTime ??= formatTime(clock.now());
  const seen = observe(job, status, owned);
  const failures = failuresAfter(before, seen.newSucceeded, seen.newFailed);
  return { ...context, job, written: job, status, seen, failures };
}

/** `remember` is called once the failures that this pass saw are in the status. */
async function run(sync: Sync, remember: () => void): Promise<Outcome | void> {
  const { job, status, seen, clock } = sync;
  let ending = endingOf(job, status, seen, clock.now());
  let change: Change;
  if (ending) {
    change = await removeAll(sync);
    // Pods that could not be told to go may be anywhere: not the end yet.
    if (change.error !== undefined) ending = undefined;
  } else {
    change = await manage(sync);
    if (isComplete(job, seen, change.active)) ending = COMPLETED;
    else if (!job.metadata.deletionTimestamp) tellSuspension(sync);
  }
  Object.assign(status, {
    active: change.active,
    ready: seen.active.filter(isReady).length - change.readyGone,
    terminating: seen.terminating.length + change.terminating,
  });
  await track(sync, ending, remember);
  if (change.error !== undefined) throw change.error;
  const waits = [change.waitMs, deadlineIn(job, status, clock.now())].filter((wait) => wait !== undefined);
  return waits.length && !ending ? { againInMs: Math.min(...waits) } : undefined;
}

/** A Job that is resumed starts anew: its deadline counts from then. */
function tellSuspension({ job, status, clock, event }: Sync): void {
  const suspended = job.spec!.suspend ?? false;
  const before = conditionOf(status.conditions, "Suspended");
  if (before ? (before.status === "True") === suspended : !suspended) return;
  const what = suspended ? "suspended" : "resumed";
  const told = { reason: suspended ? "JobSuspended" : "JobResumed", message: `Job ${what}` };
  setCondition(status, condition("Suspended", suspended ? "True" : "False", told, clock.now()));
  event(job, "Normal", suspended ? "Suspended" : "Resumed", told.message);
  if (suspended) delete status.startTime;
  else status.startTime = formatTime(clock.now());
}

/** Counts ends and, when all are counted and no pod is left, brings the Job to its own. */
async function track(sync: Sync, ending: Ending | undefined, remember: () => void): Promise<void> {
  const { job, status, seen, clock, event } = sync;
  const kept = new Set(
    seen.pods.filter(({ metadata }) => metadata.finalizers?.includes(TRACKING)).map((p) => p.metadata.uid!),
  );
  countReleased(status, kept);
  const { released, hasMore } = tallyEnds(job, status, seen, ending);
  if (ending && !ending.isTold)
    setCondition(
      status,
      condition(ending.isSuccess ? "SuccessCriteriaMet" : "FailureTarget", "True", ending, clock.now()),
    );
  await write(sync);
  remember();
  const failure = await releasePods(released, sync, ({ metadata }) => kept.delete(metadata.uid!));
  countReleased(status, kept);
  if (failure !== undefined) {
    await write(sync);
    throw failure;
  }
  const isEnd = ending && !hasMore && !hasUncounted(status) && !status.terminating;
  if (isEnd) {
    setCondition(status, condition(ending.isSuccess ? "Complete" : "Failed", "True", ending, clock.now()));
    if (ending.isSuccess) status.completionTime = formatTime(clock.now());
  }
  await write(sync);
  if (!isEnd) return;
  if (!ending.isSuccess) return event(job, "Warning", ending.reason, ending.message);
  const { completions } = job.spec!;
  if (completions != null && (status.succeeded ?? 0) > completions) {
    const why = "Too many succeeded pods running after completion count reached";
    event(job, "Warning", "TooManySucceededPods", why);
  }
  event(job, "Normal", "Completed", "Job completed");
}

function setCondition(status: JobStatus, wanted: NonNullable<JobStatus["conditions"]>[number]): void {
  const others = (status.conditions ?? []).filter(({ type }) => type !== wanted.type);
  status.conditions = [...others, wanted];
}

async function write(sync: Sync): Promise<void> {
  const next = asWritten(sync.status);
  if (isDeepStrictEqual(next, asWritten(sync.written.status ?? {}))) return;
  sync.written = await sync.api.updateStatus(jobs, { ...sync.written, status: next });
}

/** Upstream leaves these out when they are nothing, and always writes the others. */
function asWritten(status: JobStatus): JobStatus {
  const { active = 0, succeeded = 0, failed = 0, completedIndexes, ...rest } = status;
  return structuredClone({
    uncountedTerminatedPods: {},
    ...rest,
    ...withoutZeros({ active, succeeded, failed }),
    ...(completedIndexes && { completedIndexes }),
  });
}
