/** The Jobs of a CronJob: made for a moment and named after it, referred to while they are active. */

import { cronJob as cronJobs } from "@knarr/kinds/batch/cron-job.ts";
import { job as jobs } from "@knarr/kinds/batch/job.ts";
import type { CronJob, Job } from "@knarr/kinds/generated/batch-v1.ts";
import type { ObjectReference } from "@knarr/kinds/generated/core-v1.ts";
import { groupVersion } from "@knarr/machinery/object.ts";
import { controlledBy } from "../owners.ts";

const SCHEDULED_AT = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/** The minute is in it, so that no two are made for one moment. */
export function jobNameOf({ metadata }: CronJob, moment: number): string {
  return `${metadata.name}-${Math.floor(moment / 60_000)}`;
}

export function jobOf(cronJob: CronJob, moment: number): Job {
  const { metadata, spec } = cronJob.spec!.jobTemplate;
  return {
    apiVersion: groupVersion(jobs),
    kind: "Job",
    metadata: {
      name: jobNameOf(cronJob, moment),
      namespace: cronJob.metadata.namespace!,
      ...(metadata?.labels && { labels: metadata.labels }),
      annotations: {
        ...metadata?.annotations,
        [SCHEDULED_AT]: timeIn(cronJob.spec!.timeZone ?? "UTC", moment),
      },
      ownerReferences: [controlledBy(cronJobs, cronJob)],
    },
    spec: spec!,
  };
}

/** `2026-01-01T06:00:00+01:00`, `…Z` where it is the time of Greenwich. */
function timeIn(zone: string, moment: number): string {
  return Temporal.Instant.fromEpochMilliseconds(moment)
    .toZonedDateTimeISO(zone)
    .toString({ timeZoneName: "never", smallestUnit: "second" })
    .replace("+00:00", "Z");
}

export function referenceTo({ metadata }: Job): ObjectReference {
  const { namespace, name, uid, resourceVersion } = metadata;
  return {
    kind: "Job",
    apiVersion: groupVersion(jobs),
    namespace: namespace!,
    name: name!,
    uid: uid!,
    resourceVersion: resourceVersion!,
  };
}

/** How it ended: `Complete` or `Failed`; undefined while it has not. */
export function endOf({ status }: Job): string | undefined {
  return status?.conditions?.find(
    ({ type, status: is }) => (type === "Complete" || type === "Failed") && is === "True",
  )?.type;
}

/** Those that started first; those that did not, last. */
export function byStart(a: Job, b: Job): number {
  const [startA, startB] = [a.status?.startTime ?? "~", b.status?.startTime ?? "~"];
  if (startA !== startB) return startA < startB ? -1 : 1;
  return a.metadata.name! < b.metadata.name! ? -1 : 1;
}
