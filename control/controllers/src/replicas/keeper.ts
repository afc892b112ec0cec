/**
 * Keeps so many pods of one template alive: what ReplicaSet and ReplicationController have in common, which is all but the form of
 * their selectors.
 *
 * It creates and deletes pods and never repairs one: a failed pod is replaced, a changed template touches only pods yet to
 * come. Pods without a controller that the selector matches are taken up; its own that no longer match are let go.
 */

import { pod } from "@knarr/kinds/core/pod.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import type { LabelSelector } from "@knarr/machinery/labels.ts";
import { controllerOf } from "@knarr/machinery/object.ts";
import { defineController, type Context, type Controller, type Outcome } from "@knarr/client/controller.ts";
import { allDone, inSlowStart } from "../batches.ts";
import { claim, orphanPods, orphansWake } from "../owners.ts";
import { isActive, isFinished, nextAvailableIn } from "../pods.ts";
import { podOf } from "../pod-of.ts";
import { createPod, deletePod } from "../pod-writes.ts";
import { podsToDelete } from "./deletion-order.ts";
import { sameStatus, statusOf, type Replicated } from "./status.ts";

/** Pods created or deleted in one pass at most, so that one huge set cannot starve the rest. */
const BURST = 500;

export interface Keeper<T extends Replicated> {
  readonly name: string;
  readonly eventSource?: string;
  readonly resource: Resource<T>;
  selectorOf(object: T): LabelSelector;
  /** Its status says how many pods are on their way out. */
  readonly countsTerminating: boolean;
}

export function replicaKeeper<T extends Replicated>(keeper: Keeper<T>): Controller<T> {
  const { name, eventSource, resource } = keeper;
  const { group, plural } = resource;
  const qualified = group ? `${plural}.${group}` : plural;
  return defineController<T>({
    name,
    ...(eventSource && { eventSource }),
    for: resource,
    owns: [pod],
    watches: [orphansWake(pod, resource, keeper.selectorOf)],
    indexes: [orphanPods],
    writes: { pods: ["create", "delete", "patch"], [`${qualified}/status`]: ["update"] },
    reconcile: (key, context) => keep(key, keeper, context),
  });
}

async function keep<T extends Replicated>(
  key: string,
  keeper: Keeper<T>,
  context: Context,
): Promise<Outcome | void> {
  const { cache, api, clock } = context;
  const { resource } = keeper;
  const set = cache.get(resource, key);
  if (!set) return;

  const selector = keeper.selectorOf(set);
  const owned = cache.ownedBy(set, pod);
  const candidates = [...owned, ...cache.by(orphanPods, set.metadata.namespace!)].filter(isActive);
  const pods = await claim({ api, owner: set, ownerResource: resource, resource: pod, selector, candidates });

  let failure: unknown;
  if (!set.metadata.deletionTimestamp) {
    failure = await scale(set, pods, keeper, context).then(
      () => undefined,
      (err: unknown) => err,
    );
  }

  const now = clock.now();
  const isLeaving = (p: Pod) =>
    p.metadata.deletionTimestamp && !isFinished(p) && selector.matches(p.metadata.labels);
  const terminating = keeper.countsTerminating ? owned.filter(isLeaving).length : undefined;
  const status = statusOf(set, { active: pods, terminating, failure, now });
  if (!sameStatus(set, status)) await api.updateStatus(resource, { ...set, status });
  if (failure !== undefined) throw failure;

  const wait = nextAvailableIn(pods, set.spec!.minReadySeconds ?? 0, now);
  return wait === undefined ? undefined : { againInMs: wait };
}

/** Creates what is missing or deletes what is too many. */
async function scale<T extends Replicated>(
  set: T,
  pods: readonly Pod[],
  keeper: Keeper<T>,
  context: Context,
): Promise<void> {
  const wanted = set.spec!.replicas ?? 1;
  const missing = wanted - pods.length;
  if (missing > 0) {
    const count = Math.min(missing, BURST);
    context.log.debug("Too few replicas", { need: wanted, creating: count });
    await inSlowStart(count, async () => {
      await createPod(set, podOf(keeper.resource, set, set.spec!.template!), context);
    });
  } else if (missing < 0) {
    const count = Math.min(-missing, BURST);
    context.log.debug("Too many replicas", { need: wanted, deleting: count });
    const doomed = podsToDelete(pods, siblings(set, keeper, context), count, context.clock.now());
    await allDone(doomed.map((victim) => deletePod(set, victim, context)));
  }
}

/** All pods of sets with the same controller: where many of them share a node, one there is spared least. */
function siblings<T extends Replicated>(set: T, { resource }: Keeper<T>, { cache }: Context): readonly Pod[] {
  const owner = controllerOf(set);
  const sets = owner ? cache.ownedBy({ metadata: { uid: owner.uid } }, resource) : [set];
  return sets.flatMap((one) => cache.ownedBy(one, pod));
}
