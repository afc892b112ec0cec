/**
 * ReplicaSet: keeps so many pods of one template alive.
 *
 * It creates and deletes pods and never repairs one: a failed pod is replaced, a changed template touches only pods yet to
 * come (rolling over to a new template is the Deployment's business). Pods without a controller that its selector matches
 * are taken up; its own that no longer match are let go.
 */

import { pod } from "@knarr/kinds/core/pod.ts";
import type { ReplicaSet } from "@knarr/kinds/generated/apps-v1.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { replicaSet } from "@knarr/kinds/apps/replicaset.ts";
import { controllerOf, keyOf } from "@knarr/machinery/object.ts";
import { isNotFound } from "@knarr/machinery/status.ts";
import { defineIndex } from "@knarr/client/cache.ts";
import { defineController, type Context, type Outcome } from "@knarr/client/controller.ts";
import { allDone, inSlowStart, isNamespaceTerminating } from "../batches.ts";
import { claim } from "../owners.ts";
import { isActive, nextAvailableIn } from "../pods.ts";
import { selectorOf } from "../selector.ts";
import { podsToDelete } from "./deletion-order.ts";
import { podOf } from "./pod-of.ts";
import { sameStatus, statusOf } from "./status.ts";

/** Pods created or deleted in one pass at most, so that one huge ReplicaSet cannot starve the rest. */
const BURST = 500;

const orphansByNamespace = defineIndex<Pod>({
  name: "pods without a controller by namespace",
  of: pod,
  values: (object) => (controllerOf(object) ? [] : [object.metadata.namespace]),
});

export const replicaSetController = defineController<ReplicaSet>({
  name: "replicaset",
  for: replicaSet,
  owns: [pod],
  watches: [
    {
      resource: pod,
      wakes: (orphan, cache) =>
        controllerOf(orphan)
          ? []
          : cache
              .list(replicaSet, orphan.metadata.namespace)
              .filter(({ spec }) => selectorOf(spec!.selector).matches(orphan.metadata.labels))
              .map(keyOf),
    },
  ],
  indexes: [orphansByNamespace],
  writes: { pods: ["create", "delete", "patch"], "replicasets.apps/status": ["update"] },

  async reconcile(key, context): Promise<Outcome | void> {
    const { cache, api, clock } = context;
    const set = cache.get(replicaSet, key);
    if (!set) return;

    const selector = selectorOf(set.spec!.selector);
    const owned = cache.ownedBy(set, pod);
    const candidates = [...owned, ...cache.by(orphansByNamespace, set.metadata.namespace!)].filter(isActive);
    const pods = await claim({
      api,
      owner: set,
      ownerResource: replicaSet,
      resource: pod,
      selector,
      candidates,
    });

    let failure: unknown;
    if (!set.metadata.deletionTimestamp) {
      failure = await scale(set, pods, context).then(
        () => undefined,
        (err: unknown) => err,
      );
    }

    const now = clock.now();
    const terminating = owned.filter(
      (p) => p.metadata.deletionTimestamp && !isOver(p) && selector.matches(p.metadata.labels),
    );
    const status = statusOf(set, { active: pods, terminating: terminating.length, failure, now });
    if (!sameStatus(set, status)) await api.updateStatus(replicaSet, { ...set, status });
    if (failure !== undefined) throw failure;

    const wait = nextAvailableIn(pods, set.spec!.minReadySeconds ?? 0, now);
    return wait === undefined ? undefined : { againInMs: wait };
  },
});

function isOver({ status }: Pod): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

/** Creates what is missing or deletes what is too many. */
async function scale(set: ReplicaSet, pods: readonly Pod[], context: Context): Promise<void> {
  const wanted = set.spec!.replicas ?? 1;
  const missing = wanted - pods.length;
  if (missing > 0) {
    const count = Math.min(missing, BURST);
    context.log.debug("Too few replicas", { need: wanted, creating: count });
    await inSlowStart(count, () => create(set, context));
  } else if (missing < 0) {
    const count = Math.min(-missing, BURST);
    context.log.debug("Too many replicas", { need: wanted, deleting: count });
    const doomed = podsToDelete(pods, siblings(set, context), count, context.clock.now());
    await allDone(doomed.map((victim) => remove(set, victim, context)));
  }
}

async function create(set: ReplicaSet, { api, event }: Context): Promise<void> {
  try {
    const created = await api.create(pod, podOf(set));
    event(set, "Normal", "SuccessfulCreate", `Created pod: ${created.metadata.name}`);
  } catch (err) {
    if (isNamespaceTerminating(err)) return;
    event(set, "Warning", "FailedCreate", `Error creating: ${(err as Error).message}`);
    throw err;
  }
}

async function remove(set: ReplicaSet, victim: Pod, { api, event }: Context): Promise<void> {
  try {
    await api.delete(pod, keyOf(victim), { uid: victim.metadata.uid! });
    event(set, "Normal", "SuccessfulDelete", `Deleted pod: ${victim.metadata.name}`);
  } catch (err) {
    if (isNotFound(err)) return;
    event(set, "Warning", "FailedDelete", `Error deleting: ${(err as Error).message}`);
    throw new Error(`unable to delete pods: ${(err as Error).message}`, { cause: err });
  }
}

/** All pods of ReplicaSets with the same controller: where many of them share a node, one there is spared least. */
function siblings(set: ReplicaSet, { cache }: Context): readonly Pod[] {
  const owner = controllerOf(set);
  const sets = owner ? cache.ownedBy({ metadata: { uid: owner.uid } }, replicaSet) : [set];
  return sets.flatMap((rs) => cache.ownedBy(rs, pod));
}
