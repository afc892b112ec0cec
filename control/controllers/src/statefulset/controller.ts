/**
 * StatefulSet: pods with numbers, names and volumes that they keep.
 *
 * `pass.ts` decides what happens next to which pod, `claims.ts` keeps their volumes, `identity.ts` says what a number makes of a pod.
 * Pods made anew take the place of those with their name only when these are gone.
 */

import { isDeepStrictEqual } from "node:util";
import { controllerRevision } from "@knarr/kinds/apps/controller-revision.ts";
import { statefulSet as statefulSets } from "@knarr/kinds/apps/stateful-set.ts";
import { persistentVolumeClaim } from "@knarr/kinds/core/persistent-volume-claim.ts";
import { pod as pods } from "@knarr/kinds/core/pod.ts";
import type { ControllerRevision, StatefulSet, StatefulSetStatus } from "@knarr/kinds/generated/apps-v1.ts";
import type { PersistentVolumeClaim, Pod } from "@knarr/kinds/generated/core-v1.ts";
import { keyOf } from "@knarr/machinery/object.ts";
import type { Cache } from "@knarr/client/cache.ts";
import { defineController, type Context, type Outcome } from "@knarr/client/controller.ts";
import { claim, orphanPods, orphansWake } from "../owners.ts";
import { nextAvailableIn } from "../pods.ts";
import { orphanRevisions, removeRevisions, revise, revisionWrites } from "../revisions.ts";
import { selectorOf } from "@knarr/kinds/shared/stored-selector.ts";
import { claimName } from "./claims.ts";
import { ordinalOf, revisionOf } from "./identity.ts";
import { advance } from "./pass.ts";
import { statusOf } from "./status.ts";

const HASH_LABEL = "controller.kubernetes.io/hash";

export const statefulSetController = defineController<StatefulSet>({
  name: "statefulset",
  for: statefulSets,
  owns: [pods, controllerRevision],
  watches: [
    { resource: persistentVolumeClaim, wakes: claimWakes },
    orphansWake(pods, statefulSets, ({ spec }) => selectorOf(spec!.selector)),
    orphansWake(controllerRevision, statefulSets, ({ spec }) => selectorOf(spec!.selector)),
  ],
  indexes: [orphanPods, orphanRevisions],
  writes: {
    pods: ["create", "delete", "patch", "update"],
    persistentvolumeclaims: ["create", "update"],
    "statefulsets.apps/status": ["update"],
    ...revisionWrites,
  },

  async reconcile(key, context): Promise<Outcome | void> {
    const set = context.cache.get(statefulSets, key);
    if (!set) return;
    return set.metadata.deletionTimestamp ? countDown(set, context) : keep(set, context);
  },
});

async function keep(set: StatefulSet, context: Context): Promise<Outcome | void> {
  const now = context.clock.now();
  const { spec, status: before } = set;
  const {
    revisions,
    current: update,
    collisionCount,
  } = await revise(
    {
      owner: set,
      resource: statefulSets,
      selector: selectorOf(spec!.selector),
      template: spec!.template,
      collisionCount: before?.collisionCount ?? 0,
      hashLabel: HASH_LABEL,
    },
    context,
  );
  const current = revisions.find(({ metadata }) => metadata.name === before?.currentRevision) ?? update;
  const owned = await podsOf(set, context);

  let leaving: readonly Pod[] = [];
  let failure: unknown;
  try {
    leaving = await advance({ ...context, set, pods: owned, current, update, now });
  } catch (err) {
    failure = err;
  }
  const staying = owned.filter((pod) => !leaving.includes(pod));
  const names = { current: current.metadata.name!, update: update.metadata.name! };
  const seen = { pods: staying, leaving, ...names, collisionCount: collisionCount ?? 0, now };
  await tell(set, statusOf(set, seen), context);
  const inUse = [names.current, names.update, ...owned.map(revisionOf)];
  await forgetOld(set, { revisions, inUse }, context);
  if (failure !== undefined) throw failure;
  const wait = nextAvailableIn(owned, spec!.minReadySeconds ?? 0, now);
  return wait === undefined ? undefined : { againInMs: wait };
}

/** One that is going only says what is left: it may have lost its history before its pods. */
async function countDown(set: StatefulSet, context: Context): Promise<void> {
  const { currentRevision = "", updateRevision = "", collisionCount = 0 } = set.status ?? {};
  const names = { current: currentRevision, update: updateRevision };
  const pods = await podsOf(set, context);
  const seen = { pods, leaving: [], ...names, collisionCount, now: context.clock.now() };
  await tell(set, statusOf(set, seen), context);
}

async function tell(set: StatefulSet, status: StatefulSetStatus, { api }: Context): Promise<void> {
  if (!isDeepStrictEqual(status, set.status)) await api.updateStatus(statefulSets, { ...set, status });
}

/** Names and labels both say whose they are. */
function podsOf(set: StatefulSet, { api, cache }: Context): Promise<Pod[]> {
  return claim({
    api,
    owner: set,
    ownerResource: statefulSets,
    resource: pods,
    selector: selectorOf(set.spec!.selector),
    accepts: (pod) => ordinalOf(pod, set) !== undefined,
    candidates: [...cache.ownedBy(set, pods), ...cache.by(orphanPods, set.metadata.namespace!)],
  });
}

/** Keeps as many revisions beyond those in use as the history may have. */
async function forgetOld(
  set: StatefulSet,
  {
    revisions,
    inUse,
  }: { readonly revisions: readonly ControllerRevision[]; readonly inUse: Iterable<unknown> },
  { api }: Context,
): Promise<void> {
  const alive = new Set(inUse);
  const dead = revisions.filter(({ metadata }) => !alive.has(metadata.name));
  const tooMany = Math.max(0, dead.length - (set.spec!.revisionHistoryLimit ?? 10));
  await removeRevisions(dead.slice(0, tooMany), api);
}

/** A claim that is gone may be what a new one waits for. */
function claimWakes({ metadata }: PersistentVolumeClaim, cache: Cache): readonly string[] {
  const sets = cache.list(statefulSets, metadata.namespace);
  return sets.filter((set) => isClaimOf(metadata.name!, set)).map(keyOf);
}

function isClaimOf(name: string, set: StatefulSet): boolean {
  const ordinal = Number(/-([0-9]+)$/.exec(name)?.[1] ?? NaN);
  const templates = set.spec!.volumeClaimTemplates ?? [];
  return templates.some((template) => claimName(set, template, ordinal) === name);
}
