/** TTL after finished: deletes Jobs, with their pods, so many seconds after their end as they ask for. */

import { job as jobs } from "@knarr/kinds/batch/job.ts";
import type { Job } from "@knarr/kinds/generated/batch-v1.ts";
import { isNotFound } from "@knarr/machinery/status.ts";
import { defineController, type Outcome } from "@knarr/client/controller.ts";

export const ttlAfterFinishedController = defineController<Job>({
  name: "ttl-after-finished",
  for: jobs,
  writes: { "jobs.batch": ["delete"] },

  async reconcile(key, { cache, api, clock }): Promise<Outcome | void> {
    const job = cache.get(jobs, key);
    const ttl = job?.spec?.ttlSecondsAfterFinished;
    if (!job || ttl == null || job.metadata.deletionTimestamp) return;
    const end = endOf(job);
    if (end === undefined) return;
    const left = end + ttl * 1000 - clock.now();
    if (left > 0) return { againInMs: left };
    // The resourceVersion: somebody may have given it more time a moment ago.
    const { uid, resourceVersion } = job.metadata;
    await api
      .delete(jobs, key, {
        propagationPolicy: "Foreground",
        uid: uid!,
        resourceVersion: resourceVersion!,
      })
      .catch((err: unknown) => {
        if (!isNotFound(err)) throw err;
      });
  },
});

/** When it was over, in milliseconds; undefined while it is not. */
function endOf({ status }: Job): number | undefined {
  const end = status?.conditions?.find(
    (condition) =>
      (condition.type === "Complete" || condition.type === "Failed") && condition.status === "True",
  );
  return end?.lastTransitionTime ? Date.parse(end.lastTransitionTime) : undefined;
}
