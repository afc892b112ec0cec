/**
 * DaemonSet: one pod on every node that is fit for it.
 *
 * In each pass pods are made and removed until every node has what it should (`plan.ts`); only when nothing of that is left to do,
 * an update takes its next step (`rollout.ts`). The scheduler binds the pods; each can only go to its own node (`placement.ts`).
 */

import { isDeepStrictEqual } from "node:util";
import { daemonSet as daemonSets } from "@knarr/kinds/apps/daemon-set.ts";
import { controllerRevision } from "@knarr/kinds/apps/controller-revision.ts";
import { node as nodes } from "@knarr/kinds/core/node.ts";
import { pod as pods } from "@knarr/kinds/core/pod.ts";
import type { DaemonSet } from "@knarr/kinds/generated/apps-v1.ts";
import type { Node, Pod } from "@knarr/kinds/generated/core-v1.ts";
import { keyOf } from "@knarr/machinery/object.ts";
import type { Cache } from "@knarr/client/cache.ts";
import { defineController, type Context, type Controller, type Outcome } from "@knarr/client/controller.ts";
import { allDone, inSlowStart } from "../batches.ts";
import { claim, orphanPods, orphansWake } from "../owners.ts";
import { createPod, deletePod } from "../pod-writes.ts";
import { isFinished, nextAvailableIn } from "../pods.ts";
import { orphanRevisions, REVISION_LABEL, revise, revisionWrites } from "../revisions.ts";
import { selectorOf } from "@knarr/kinds/shared/stored-selector.ts";
import { FailureBackoff } from "./failure-backoff.ts";
import { forgetOld, hashOf, withoutTwins } from "./history.ts";
import { newPod, standingOf, targetOf, type Place } from "./placement.ts";
import { planNode } from "./plan.ts";
import { nextStep, type Step } from "./rollout.ts";
import { statusOf } from "./status.ts";

/** Pods made or removed in one pass at most: every new one may pull an image. */
const BURST = 250;

/** One pass over one DaemonSet. */
interface Sync extends Context {
  readonly set: DaemonSet;
  readonly hash: string;
  readonly now: number;
  /** All that are fit for pods or have some. */
  readonly places: readonly Place[];
}

export function daemonSetController(): Controller<DaemonSet> {
  const backoff = new FailureBackoff();

  return defineController<DaemonSet>({
    name: "daemonset",
    for: daemonSets,
    owns: [pods, controllerRevision],
    watches: [
      { resource: nodes, wakes: nodeWakes },
      orphansWake(pods, daemonSets, ({ spec }) => selectorOf(spec!.selector)),
      orphansWake(controllerRevision, daemonSets, ({ spec }) => selectorOf(spec!.selector)),
    ],
    indexes: [orphanPods, orphanRevisions],
    writes: {
      pods: ["create", "delete", "patch"],
      "daemonsets.apps/status": ["update"],
      ...revisionWrites,
    },

    async reconcile(key, context): Promise<Outcome | void> {
      const set = context.cache.get(daemonSets, key);
      if (!set) backoff.forget(key);
      // One that is going may have lost its history before its pods.
      if (!set || set.metadata.deletionTimestamp) return;
      return keep(set, context, backoff);
    },
  });
}

async function keep(set: DaemonSet, context: Context, backoff: FailureBackoff): Promise<Outcome | void> {
  const { api, cache, clock } = context;
  const now = clock.now();
  const selector = selectorOf(set.spec!.selector);
  const { template } = set.spec!;
  const { collisionCount: before } = set.status ?? {};
  const revised = { owner: set, resource: daemonSets, selector, template, collisionCount: before };
  const history = await revise({ ...revised, hashLabel: REVISION_LABEL }, context);
  const candidates = [...cache.ownedBy(set, pods), ...cache.by(orphanPods, set.metadata.namespace!)];
  const owned = await claim({
    api,
    owner: set,
    ownerResource: daemonSets,
    resource: pods,
    selector,
    candidates,
  });
  const { current, collisionCount } = history;
  const others = await withoutTwins(history, owned, context);
  const places = placesOf(set, owned, cache.list(nodes));
  const sync: Sync = { ...context, set, hash: hashOf(current), now, places };

  let waitMs: number | undefined;
  let failure: unknown;
  try {
    waitMs = await advance(sync, backoff);
    await forgetOld(set, { old: others, owned }, context);
  } catch (err) {
    failure = err;
  }
  const status = statusOf(set, places, { hash: sync.hash, now, collisionCount });
  if (!isDeepStrictEqual(status, set.status)) await api.updateStatus(daemonSets, { ...set, status });
  if (failure !== undefined) throw failure;
  const waits = [waitMs, nextAvailableIn(owned, set.spec!.minReadySeconds ?? 0, now)];
  const next = Math.min(...waits.map((wait) => wait ?? Infinity));
  return next === Infinity ? undefined : { againInMs: next };
}

/** Pods that have ended and are going already are none any more. */
function placesOf(set: DaemonSet, owned: readonly Pod[], all: readonly Node[]): readonly Place[] {
  const isOver = (pod: Pod) => isFinished(pod) && pod.metadata.deletionTimestamp !== undefined;
  const byNode = Map.groupBy(
    owned.filter((pod) => !isOver(pod)),
    targetOf,
  );
  const places = all.map((node): Place => {
    const name = node.metadata.name!;
    const here = byNode.get(name) ?? [];
    byNode.delete(name);
    return { name, node, pods: here, ...standingOf(set, node) };
  });
  for (const [name, here] of byNode)
    if (name !== undefined) places.push({ name, pods: here, shouldRun: false, mayStay: true });
  return places.filter(({ shouldRun, pods: here }) => shouldRun || here.length > 0);
}

/** Makes and removes pods. Resolves to when there is more to do, in milliseconds. */
async function advance(sync: Sync, backoff: FailureBackoff): Promise<number | undefined> {
  const { set, places } = sync;
  const remove: Pod[] = [];
  const create: string[] = [];
  let waitMs: number | undefined;
  for (const place of places) {
    if (!place.node) {
      // Bound to a node that is gone, they are others' to remove; not bound, nobody else's.
      remove.push(...place.pods.filter(({ spec }) => !spec!.nodeName));
      continue;
    }
    const plan = planNode(set, place, sync);
    if (plan.needsPod) create.push(place.name);
    remove.push(...plan.remove);
    for (const pod of plan.ended) {
      const left = pod.status!.phase === "Failed" ? backoff.failed(set, place.name, sync.now) : 0;
      if (left > 0) waitMs = Math.min(waitMs ?? left, left);
      else {
        tellOfEnd(pod, place.name, sync);
        remove.push(pod);
      }
    }
  }
  if (create.length === 0 && remove.length === 0) {
    if (set.spec!.updateStrategy?.type === "RollingUpdate") await take(nextStep(set, places, sync), sync);
  } else await take({ create, remove }, sync);
  return waitMs;
}

function tellOfEnd({ metadata, status }: Pod, node: string, { set, event }: Sync): void {
  const which = `daemon pod ${metadata.namespace}/${metadata.name} on node ${node}`;
  if (status!.phase === "Failed")
    event(set, "Warning", "FailedDaemonPod", `Found failed ${which}, will try to kill it`);
  else event(set, "Normal", "SucceededDaemonPod", `Found succeeded ${which}, will try to delete it`);
}

async function take({ create, remove }: Step, sync: Sync): Promise<void> {
  const { set, hash } = sync;
  const fresh = create.slice(0, BURST);
  let next = 0;
  const made = inSlowStart(fresh.length, async () => {
    await createPod(set, newPod(set, fresh[next++]!, hash), sync);
  });
  await allDone([made, ...remove.slice(0, BURST).map((pod) => deletePod(set, pod, sync))]);
}

/** Wakes those to whom the node is another than before. */
function nodeWakes(node: Node, cache: Cache, previous?: Node): readonly string[] {
  if (previous && isSamePlace(previous, node)) return [];
  return cache
    .list(daemonSets)
    .filter((set) => {
      const after = standingOf(set, node);
      const before = previous ? standingOf(set, previous) : { shouldRun: false, mayStay: false };
      return !isDeepStrictEqual(before, after);
    })
    .map(keyOf);
}

function isSamePlace(a: Node, b: Node): boolean {
  return (
    isDeepStrictEqual(a.metadata.labels, b.metadata.labels) &&
    isDeepStrictEqual(a.spec?.taints, b.spec?.taints)
  );
}
