/**
 * CronJob: a Job for each moment of a schedule. Of moments that were missed (the controller was away, the CronJob suspended) only
 * the last is made up for, and only within the starting deadline.
 *
 * Its Jobs are its own: it never touches pods. Old Jobs that are over go when there are more than the history keeps.
 */

import { isDeepStrictEqual } from "node:util";
import { cronJob as cronJobs } from "@knarr/kinds/batch/cron-job.ts";
import { job as jobs } from "@knarr/kinds/batch/job.ts";
import type { CronJob, CronJobStatus, Job } from "@knarr/kinds/generated/batch-v1.ts";
import { isTimeZone } from "@knarr/machinery/cron.ts";
import { controllerOf, keyOf } from "@knarr/machinery/object.ts";
import { isAlreadyExists, isNotFound } from "@knarr/machinery/status.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import { defineController, type Context, type Controller, type Outcome } from "@knarr/client/controller.ts";
import { isNamespaceTerminating } from "../batches.ts";
import { dueOf, type Due, type When } from "./due.ts";
import { byStart, endOf, jobNameOf, jobOf, referenceTo } from "./jobs.ts";

/** One pass over one CronJob. */
interface Sync extends Context {
  readonly cronJob: CronJob;
  readonly status: CronJobStatus;
  readonly owned: readonly Job[];
}

interface Settings {
  /** Of schedules that name none. */
  readonly localZone?: string;
}

export function cronJobController({
  localZone = Temporal.Now.timeZoneId(),
}: Settings = {}): Controller<CronJob> {
  /** Schedules as they were last seen, by uid: a new one does not make up for moments before it. */
  const schedules = new Map<string, { readonly text: string; readonly since: number }>();
  const uids = new Map<string, string>();

  function sinceWhen({ metadata, spec }: CronJob, key: string, now: number): number {
    const uid = metadata.uid!;
    const text = `${spec!.timeZone ?? ""} ${spec!.schedule}`;
    const known = schedules.get(uid);
    if (known?.text === text) return known.since;
    uids.set(key, uid);
    schedules.set(uid, { text, since: known ? now : 0 });
    return known ? now : 0;
  }

  return defineController<CronJob>({
    name: "cronjob",
    for: cronJobs,
    owns: [jobs],
    writes: { "jobs.batch": ["create", "delete"], "cronjobs.batch/status": ["update"] },

    async reconcile(key, context): Promise<Outcome | void> {
      const { cache, api, clock } = context;
      const cronJob = cache.get(cronJobs, key);
      if (!cronJob) {
        schedules.delete(uids.get(key) ?? "");
        uids.delete(key);
        return;
      }
      const now = clock.now();
      const since = sinceWhen(cronJob, key, now);
      const status: CronJobStatus = structuredClone(cronJob.status ?? {});
      const sync: Sync = { ...context, cronJob, status, owned: cache.ownedBy(cronJob, jobs) };
      try {
        await removeHistory(sync);
        await noteEnds(sync);
        if (cronJob.metadata.deletionTimestamp) return;
        return await startDue(sync, { now, since, zone: cronJob.spec!.timeZone ?? localZone });
      } finally {
        // Also when something failed: what was done so far is true.
        if (!isDeepStrictEqual(status, cronJob.status ?? {}))
          await api.updateStatus(cronJobs, { ...cronJob, status });
      }
    },
  });
}

async function removeHistory(sync: Sync): Promise<void> {
  const { successfulJobsHistoryLimit: good, failedJobsHistoryLimit: bad } = sync.cronJob.spec!;
  for (const [end, limit] of [
    ["Complete", good],
    ["Failed", bad],
  ] as const) {
    if (limit == null) continue;
    const over = sync.owned.filter((job) => endOf(job) === end).sort(byStart);
    for (const job of over.slice(0, Math.max(0, over.length - limit))) await remove(job, sync);
  }
}

async function remove(job: Job, { cronJob, status, api, event }: Sync): Promise<boolean> {
  const { name, uid } = job.metadata;
  try {
    await api.delete(jobs, keyOf(job), { propagationPolicy: "Background", uid: uid! });
  } catch (err) {
    event(cronJob, "Warning", "FailedDelete", `Deleted job: ${(err as Error).message}`);
    return false;
  }
  forget(status, uid!);
  event(cronJob, "Normal", "SuccessfulDelete", `Deleted job ${name}`);
  return true;
}

function forget(status: CronJobStatus, uid: string): void {
  const active = (status.active ?? []).filter((reference) => reference.uid !== uid);
  if (active.length) status.active = active;
  else delete status.active;
}

/** Which of the Jobs are over, and which are not there any more. */
async function noteEnds({ cronJob, status, owned, api, event }: Sync): Promise<void> {
  const isActive = (uid: string) => (status.active ?? []).some((reference) => reference.uid === uid);
  for (const job of owned) {
    const { name, uid = "" } = job.metadata;
    const end = endOf(job);
    if (end === undefined) {
      // Made before a crash, or by somebody in our name.
      if (!isActive(uid)) {
        const why = `Saw a job that the controller did not create or forgot: ${name}`;
        event(cronJob, "Warning", "UnexpectedJob", why);
      }
      continue;
    }
    if (isActive(uid)) {
      forget(status, uid);
      event(cronJob, "Normal", "SawCompletedJob", `Saw completed job: ${name}, condition: ${end}`);
    }
    const { completionTime } = job.status!;
    if (end === "Complete" && completionTime && completionTime > (status.lastSuccessfulTime ?? ""))
      status.lastSuccessfulTime = completionTime;
  }
  for (const { namespace, name, uid = "" } of status.active ?? []) {
    if (owned.some(({ metadata }) => metadata.uid === uid)) continue;
    try {
      await api.get(jobs, `${namespace}/${name}`);
    } catch (err) {
      if (!isNotFound(err)) throw err;
      event(cronJob, "Normal", "MissingJob", `Active job went missing: ${name}`);
      forget(status, uid);
    }
  }
}

async function startDue(sync: Sync, when: When): Promise<Outcome | void> {
  const { cronJob, status, event } = sync;
  const { timeZone, suspend, startingDeadlineSeconds: deadline } = cronJob.spec!;
  if (timeZone != null && !isTimeZone(timeZone)) {
    const why = `invalid timeZone: ${JSON.stringify(timeZone)}: unknown time zone ${timeZone}`;
    return event(cronJob, "Warning", "UnknownTimeZone", why);
  }
  if (suspend) return;
  const due = dueWithin(sync, when);
  if (!due) return; // until its spec changes
  const later: Outcome = { againInMs: due.waitMs };
  const { moment } = due;
  if (moment === undefined) return later;
  if (due.isFarBehind) {
    const why =
      "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
    event(cronJob, "Warning", "TooManyMissedTimes", why);
  }
  if (deadline != null && moment + deadline * 1000 < when.now) {
    const time = new Date(moment).toUTCString().replace("GMT", "+0000");
    event(cronJob, "Warning", "MissSchedule", `Missed scheduled time to start a job: ${time}`);
    return later;
  }
  const name = jobNameOf(cronJob, moment);
  const isSeenTo = (status.active ?? []).some((reference) => reference.name === name);
  if (isSeenTo || status.lastScheduleTime === formatTime(moment)) return later;
  if (await mayStart(sync)) await start(sync, moment);
  return later;
}

function dueWithin({ cronJob, event }: Sync, when: When): Due | undefined {
  const { schedule } = cronJob.spec!;
  if (schedule.includes("TZ")) {
    const why = `CRON_TZ or TZ used in schedule ${JSON.stringify(schedule)} is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details`;
    event(cronJob, "Warning", "UnsupportedSchedule", why);
  }
  try {
    return dueOf(cronJob, when);
  } catch (err) {
    if (err instanceof SyntaxError) {
      const why = `unparseable schedule: ${JSON.stringify(schedule)} : ${err.message}`;
      event(cronJob, "Warning", "UnparseableSchedule", why);
    } else if (err instanceof RangeError) {
      event(cronJob, "Warning", "InvalidSchedule", `invalid schedule: ${schedule} : ${err.message}`);
    } else throw err;
    return undefined;
  }
}

/** What the concurrency policy says of Jobs that still run. */
async function mayStart(sync: Sync): Promise<boolean> {
  const { cronJob, status, api, event } = sync;
  const active = status.active ?? [];
  const policy = cronJob.spec!.concurrencyPolicy;
  if (policy === "Forbid" && active.length) {
    const why = "Not starting job because prior execution is running and concurrency policy is Forbid";
    event(cronJob, "Normal", "JobAlreadyActive", why);
    return false;
  }
  if (policy !== "Replace") return true;
  for (const { namespace, name } of active) {
    const job = await api.get(jobs, `${namespace}/${name}`).catch((err: unknown) => {
      event(cronJob, "Warning", "FailedGet", `Get job: ${(err as Error).message}`);
      throw err;
    });
    if (!(await remove(job, sync))) throw new Error(`could not replace job ${namespace}/${name}`);
  }
  return true;
}

async function start({ cronJob, status, api, event }: Sync, moment: number): Promise<void> {
  let job = jobOf(cronJob, moment);
  try {
    job = await api.create(jobs, job);
    event(cronJob, "Normal", "SuccessfulCreate", `Created job ${job.metadata.name}`);
  } catch (err) {
    if (!isAlreadyExists(err)) {
      if (!isNamespaceTerminating(err))
        event(cronJob, "Warning", "FailedCreate", `Error creating job: ${(err as Error).message}`);
      throw err;
    }
    // Made before a crash, unless somebody else took the name.
    job = await api.get(jobs, keyOf(job));
    if (controllerOf(job)?.uid !== cronJob.metadata.uid) return;
  }
  const others = (status.active ?? []).filter(({ uid }) => uid !== job.metadata.uid);
  status.active = [...others, referenceTo(job)];
  status.lastScheduleTime = formatTime(moment);
}
