/** Lets pods go that a Job kept until it had counted them: when it has, and when nobody will. */

import { job as jobs } from "@knarr/kinds/batch/job.ts";
import { pod as pods } from "@knarr/kinds/core/pod.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { JOB_NAME } from "@knarr/kinds/shared/job/selector.ts";
import { isFinished } from "@knarr/kinds/shared/job/status.ts";
import { controllerOf, keyOf } from "@knarr/machinery/object.ts";
import { isNotFound } from "@knarr/machinery/status.ts";
import { defineIndex } from "@knarr/client/cache.ts";
import type { Context } from "@knarr/client/controller.ts";
import { isTracked, TRACKING } from "./observation.ts";

/** Pods that are kept, by the key of the Job they are of, or were by their label. */
export const trackedPods = defineIndex<Pod>({
  name: "tracked pods by Job",
  of: pods,
  values(pod) {
    if (!isTracked(pod)) return [];
    const { namespace, labels } = pod.metadata;
    const owner = controllerOf(pod);
    if (owner && owner.kind !== "Job") return [];
    return [`${namespace}/${owner?.name ?? labels?.[JOB_NAME] ?? ""}`];
  },
});

/** Pods whose Job is gone, is over, or gave them up. */
export async function releaseLeftBehind(key: string, context: Context): Promise<void> {
  const job = context.cache.get(jobs, key);
  const isKeeping = job && !isFinished(job.status);
  const left = context.cache
    .by(trackedPods, key)
    .filter((pod) => !isKeeping || controllerOf(pod)?.uid !== job.metadata.uid);
  const isForeign = job?.spec?.managedBy != null && job.spec.managedBy !== "kubernetes.io/job-controller";
  const failure = await releasePods(
    isForeign ? left.filter((pod) => controllerOf(pod)?.uid !== job.metadata.uid) : left,
    context,
  );
  if (failure !== undefined) throw failure;
}

/** The first failure, if any; `done` is told of each that is let go or gone. */
export async function releasePods(
  released: readonly Pod[],
  context: Pick<Context, "api">,
  done: (pod: Pod) => void = () => {},
): Promise<unknown> {
  const results = await Promise.allSettled(
    released.map(async (pod) => {
      await releasePod(pod, context);
      done(pod);
    }),
  );
  return results.find((result) => result.status === "rejected")?.reason as unknown;
}

export async function releasePod(pod: Pod, { api }: Pick<Context, "api">): Promise<void> {
  if (!isTracked(pod)) return;
  const patch = {
    metadata: { uid: pod.metadata.uid, "$deleteFromPrimitiveList/finalizers": [TRACKING] },
  };
  try {
    await api.patch(pods, keyOf(pod), patch, { type: "strategic" });
  } catch (err) {
    if (!isNotFound(err)) throw err;
  }
}
