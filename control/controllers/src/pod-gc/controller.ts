/**
 * Pod garbage collection: removes pods that no node will ever remove.
 *
 * These are pods on nodes that no longer exist (after a while, and only when the server confirms it), pods deleted before they got a
 * node, pods being deleted on nodes marked out of service, and the oldest finished ones when there are too many.
 */

import { node as nodes } from "@knarr/kinds/core/node.ts";
import { pod as pods } from "@knarr/kinds/core/pod.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { keyOf } from "@knarr/machinery/object.ts";
import { isNotFound } from "@knarr/machinery/status.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import { defineIndex } from "@knarr/client/cache.ts";
import { defineController, type Context, type Controller, type Outcome } from "@knarr/client/controller.ts";
import { conditionOf } from "../conditions.ts";
import { isFinished } from "../pods.ts";
import { podsByNode } from "../services.ts";

/** How long a node may be missing before its pods are orphans. */
const QUARANTINE_MS = 40_000;
/** Finished pods kept for people to look at. */
const MAX_FINISHED = 12_500;
const OUT_OF_SERVICE = "node.kubernetes.io/out-of-service";

const finished = defineIndex<Pod>({
  name: "finished pods",
  of: pods,
  values: (pod) => (isFinished(pod) && !pod.metadata.deletionTimestamp ? ["yes"] : []),
});

const ORPHANED = { reason: "DeletionByPodGC", message: "PodGC: node no longer exists" };

export function podGcController(): Controller<Pod> {
  /** Since when nodes that pods name are missing. */
  const missing = new Map<string, number>();

  return defineController<Pod>({
    name: "pod-garbage-collector",
    for: pods,
    watches: [
      {
        resource: nodes,
        wakes: (node, cache, previous) =>
          previous && isOutOfService(previous) === isOutOfService(node)
            ? []
            : cache.by(podsByNode, node.metadata.name!).map(keyOf),
      },
    ],
    indexes: [podsByNode, finished],
    writes: { pods: ["delete"], "pods/status": ["patch"] },

    async reconcile(key, context): Promise<Outcome | void> {
      const { cache, api, clock } = context;
      const pod = cache.get(pods, key);
      if (!pod) return;
      const { nodeName } = pod.spec!;
      if (!nodeName) {
        if (pod.metadata.deletionTimestamp) await remove(pod, context);
        return;
      }
      const node = cache.get(nodes, nodeName);
      if (node) {
        missing.delete(nodeName);
        const isDead =
          isOutOfService(node) && conditionOf(node.status?.conditions, "Ready")?.status !== "True";
        if (pod.metadata.deletionTimestamp && isDead) await remove(pod, context);
        else if (isFinished(pod)) await keepWithinLimit(context);
        return;
      }
      const since = missing.getOrInsert(nodeName, clock.now());
      const left = since + QUARANTINE_MS - clock.now();
      if (left > 0) return { againInMs: left };
      const isThere = await api.get(nodes, nodeName).then(
        () => true,
        (err: unknown) => {
          if (isNotFound(err)) return false;
          throw err;
        },
      );
      if (!isThere) await remove(pod, context, ORPHANED);
    },
  });
}

/** Marks the pod as failed, since nobody else will say how it ended, and removes it for good. */
async function remove(
  pod: Pod,
  { api, clock, log }: Context,
  why?: { readonly reason: string; readonly message: string },
): Promise<void> {
  const { uid } = pod.metadata;
  log.info("Removed pod that no node will remove", { reason: why?.message });
  try {
    if (!isFinished(pod)) {
      const at = formatTime(clock.now());
      const condition = { type: "DisruptionTarget", status: "True", ...why, lastTransitionTime: at };
      const status = { phase: "Failed", ...(why && { conditions: [condition] }) };
      const patch = { metadata: { uid }, status };
      await api.patch(pods, keyOf(pod), patch, { type: "strategic", subresource: "status" });
    }
    await api.delete(pods, keyOf(pod), { uid: uid!, gracePeriodSeconds: 0 });
  } catch (err) {
    if (!isNotFound(err)) throw err;
  }
}

/** Removes the oldest finished pods beyond the limit; evicted ones, which say least, before others. */
async function keepWithinLimit(context: Context): Promise<void> {
  const all = context.cache.by(finished, "yes");
  const surplus = all.length - MAX_FINISHED;
  if (surplus <= 0) return;
  const isEvicted = ({ status }: Pod) => status?.phase === "Failed" && status.reason === "Evicted";
  const oldestFirst = (a: Pod, b: Pod) =>
    Number(isEvicted(b)) - Number(isEvicted(a)) ||
    (a.metadata.creationTimestamp! < b.metadata.creationTimestamp! ? -1 : 1);
  for (const pod of all.toSorted(oldestFirst).slice(0, surplus)) await remove(pod, context);
}

function isOutOfService({ spec }: { spec?: { taints?: readonly { key: string }[] } }): boolean {
  return spec?.taints?.some(({ key }) => key === OUT_OF_SERVICE) ?? false;
}
