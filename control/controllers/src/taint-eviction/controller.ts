/**
 * Taint eviction: drives pods off nodes with NoExecute taints, at once or after as long as they tolerate them.
 *
 * A pod goes at the earliest end of its tolerations, counted from when its node got the first of the taints; it stays when it
 * tolerates all of them for ever, or when they are gone before.
 */

import { node as nodes } from "@knarr/kinds/core/node.ts";
import { pod as pods } from "@knarr/kinds/core/pod.ts";
import type { Node, Pod, Taint, Toleration } from "@knarr/kinds/generated/core-v1.ts";
import { toleratesIt } from "@knarr/kinds/shared/placement/tolerations.ts";
import { keyOf } from "@knarr/machinery/object.ts";
import { isNotFound } from "@knarr/machinery/status.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import { defineController, type Context, type Controller, type Outcome } from "@knarr/client/controller.ts";
import { podsByNode } from "../services.ts";

export function taintEvictionController(): Controller<Pod> {
  /** Since when pods are known to stand under taints that do not say when they came, by uid. */
  const noticed = new Map<string, number>();

  return defineController<Pod>({
    name: "taint-eviction-controller",
    eventSource: "taint-eviction-controller",
    for: pods,
    watches: [
      {
        resource: nodes,
        wakes(node, cache, previous) {
          if (evictingText(node) === (previous ? evictingText(previous) : "")) return [];
          return cache.by(podsByNode, node.metadata.name!).map(keyOf);
        },
      },
    ],
    indexes: [podsByNode],
    writes: { pods: ["delete"], "pods/status": ["patch"] },

    async reconcile(key, context): Promise<Outcome | void> {
      const { cache, clock, event } = context;
      const pod = cache.get(pods, key);
      const node = pod?.spec?.nodeName ? cache.get(nodes, pod.spec.nodeName) : undefined;
      const taints = node ? evicting(node) : [];
      const uid = pod?.metadata.uid ?? "";
      if (!pod || taints.length === 0 || pod.metadata.deletionTimestamp) {
        if (pod && noticed.delete(uid) && !pod.metadata.deletionTimestamp) {
          event(pod, "Normal", "TaintManagerEviction", `Cancelling deletion of Pod ${key}`);
        }
        return;
      }
      const tolerated = toleratedMs(pod.spec!.tolerations, taints);
      if (tolerated === Infinity) return;
      const since = noticed.get(uid) ?? startOf(taints) ?? clock.now();
      noticed.set(uid, since);
      const left = since + tolerated - clock.now();
      if (left > 0) return { againInMs: left };
      noticed.delete(uid);
      await evict(pod, context);
    },
  });
}

async function evict(pod: Pod, { api, clock, event }: Context): Promise<void> {
  const key = keyOf(pod);
  event(pod, "Normal", "TaintManagerEviction", `Marking for deletion Pod ${key}`);
  const condition = {
    type: "DisruptionTarget",
    status: "True",
    reason: "DeletionByTaintManager",
    message: "Taint manager: deleting due to NoExecute taint",
    lastTransitionTime: formatTime(clock.now()),
  };
  const patch = { metadata: { uid: pod.metadata.uid }, status: { conditions: [condition] } };
  try {
    await api.patch(pods, key, patch, { type: "strategic", subresource: "status" });
    await api.delete(pods, key, { uid: pod.metadata.uid! });
  } catch (err) {
    if (!isNotFound(err)) throw err;
  }
}

/** How long the pod may stay under all of the taints: Infinity for ever, 0 not at all. */
export function toleratedMs(
  tolerations: readonly Toleration[] | undefined,
  taints: readonly Taint[],
): number {
  const used = new Set<Toleration>();
  for (const taint of taints) {
    const found = tolerations?.find((toleration) => toleratesIt(toleration, taint));
    if (!found) return 0;
    used.add(found);
  }
  const seconds = [...used].map(({ tolerationSeconds }) => tolerationSeconds ?? Infinity);
  return Math.max(0, Math.min(...seconds)) * 1000;
}

function evicting({ spec }: Node): readonly Taint[] {
  return (spec?.taints ?? []).filter(({ effect }) => effect === "NoExecute");
}

function evictingText(node: Node): string {
  return JSON.stringify(evicting(node));
}

/** When the first of the taints came, if any says so. */
function startOf(taints: readonly Taint[]): number | undefined {
  const times = taints
    .map(({ timeAdded }) => Date.parse(timeAdded ?? ""))
    .filter((time) => !Number.isNaN(time));
  return times.length > 0 ? Math.min(...times) : undefined;
}
