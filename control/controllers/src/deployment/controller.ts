/**
 * Deployment: a ReplicaSet per revision of a pod template, and the way from one to the next.
 *
 * It never touches a pod: it makes the ReplicaSet of the current template, and moves replicas between that one and the
 * older ones as the strategy allows (`rollout.ts`). History, pausing and undoing are `revision.ts`: undoing is somebody putting an old
 * template back, which finds its old ReplicaSet.
 *
 * Within one reconcile, `draft` is a copy of the Deployment in which status and revision are worked out; it is written once, at the end.
 */

import { deployment as deployments } from "@knarr/kinds/apps/deployment.ts";
import { replicaSet as replicaSets } from "@knarr/kinds/apps/replicaset.ts";
import { pod } from "@knarr/kinds/core/pod.ts";
import type { Deployment, ReplicaSet } from "@knarr/kinds/generated/apps-v1.ts";
import { controllerOf, keyOf } from "@knarr/machinery/object.ts";
import { isAlreadyExists, isNotFound } from "@knarr/machinery/status.ts";
import { defineIndex } from "@knarr/client/cache.ts";
import { defineController, type Context, type Outcome } from "@knarr/client/controller.ts";
import { isNamespaceTerminating } from "../batches.ts";
import { conditionOf } from "../conditions.ts";
import { claim } from "../owners.ts";
import { isFinished } from "../pods.ts";
import { selectorOf } from "@knarr/kinds/shared/stored-selector.ts";
import { currentSet, newSet } from "./current-set.ts";
import { highestRevision, replicaAnnotations, REVISION, sameAnnotations } from "./revision.ts";
import * as rollout from "./rollout.ts";
import * as progress from "./status.ts";
import { sameTemplate } from "./template.ts";

const orphansByNamespace = defineIndex<ReplicaSet>({
  name: "ReplicaSets without a controller by namespace",
  of: replicaSets,
  values: (object) => (controllerOf(object) ? [] : [object.metadata.namespace]),
});

/** A Deployment being reconciled. */
interface Sync extends Context {
  readonly draft: Deployment;
  readonly old: ReplicaSet[];
  current: ReplicaSet | undefined;
}

export const deploymentController = defineController<Deployment>({
  name: "deployment",
  for: deployments,
  owns: [replicaSets],
  watches: [
    {
      resource: replicaSets,
      wakes: (orphan, cache) =>
        controllerOf(orphan)
          ? []
          : cache
              .list(deployments, orphan.metadata.namespace)
              .filter(({ spec }) => selectorOf(spec!.selector).matches(orphan.metadata.labels))
              .map(keyOf),
    },
    {
      // Recreate waits for the last old pod to be gone, which its ReplicaSet's status does not tell.
      resource: pod,
      wakes(object, cache) {
        const owner = controllerOf(object);
        if (owner?.kind !== "ReplicaSet") return [];
        const set = cache.get(replicaSets, `${object.metadata.namespace}/${owner.name}`);
        const name = set && controllerOf(set)?.name;
        const key = `${object.metadata.namespace}/${name}`;
        return cache.get(deployments, key)?.spec?.strategy?.type === "Recreate" ? [key] : [];
      },
    },
  ],
  indexes: [orphansByNamespace],
  writes: {
    "replicasets.apps": ["create", "update", "patch", "delete"],
    "deployments.apps/status": ["update"],
  },

  async reconcile(key, context): Promise<Outcome | void> {
    const { cache, api, clock, event } = context;
    const deployment = cache.get(deployments, key);
    if (!deployment) return;
    const draft = structuredClone(deployment);
    const selector = selectorOf(deployment.spec!.selector);
    if (selector.isEmpty) {
      const why = "This deployment is selecting all pods. A non-empty selector is required.";
      event(deployment, "Warning", "SelectingAll", why);
      progress.statusIn(draft).observedGeneration = deployment.metadata.generation ?? 0;
      return write(deployment, draft, context);
    }

    const sets = await claim({
      api,
      owner: deployment,
      ownerResource: deployments,
      resource: replicaSets,
      selector,
      candidates: [
        ...cache.ownedBy(deployment, replicaSets),
        ...cache.by(orphansByNamespace, deployment.metadata.namespace!),
      ],
    });
    const current = rollout.findCurrent(deployment, sets);
    const old = sets.filter((set) => set !== current);
    const sync: Sync = { ...context, draft, old, current };
    try {
      const status = await bringOn(sync);
      draft.status = status;
    } finally {
      // Also when a write failed: conditions say why, and what was done so far is true.
      await write(deployment, draft, context);
    }
    const wait = progress.deadlineIn(draft, draft.status, clock.now());
    return wait === undefined ? undefined : { againInMs: wait };
  },
});

/** Takes the next step and returns the status after it. */
async function bringOn(sync: Sync): Promise<NonNullable<Deployment["status"]>> {
  const { draft, old, clock } = sync;
  const all = () => (sync.current ? [...old, sync.current] : old);
  const counted = () => progress.countStatus(draft, sync.current, all(), clock.now());

  await refreshCurrent(sync);
  if (draft.metadata.deletionTimestamp) return counted();

  progress.notePause(draft, clock.now());
  if (draft.spec!.paused || rollout.isScaled(draft, all())) {
    for (const change of rollout.scaling(draft, sync.current, old)) await resize(sync, change);
    if (draft.spec!.paused) await dropHistory(sync);
    return counted();
  }

  const hasMoved = rollout.isRolling(draft) ? await roll(sync) : await recreate(sync);
  if (!hasMoved && progress.isComplete(draft, draft.status ?? {})) await dropHistory(sync);
  return progress.rolloutStatus(draft, sync.current, all(), clock.now());
}

/** One step of a rolling update: up if there is room, else down if there is spare. Returns whether there was a step. */
async function roll(sync: Sync): Promise<boolean> {
  const { draft, old } = sync;
  const current = sync.current ?? (await createCurrent(sync));
  const replicas = rollout.currentReplicas(draft, current, [...old, current]);
  if (replicas !== rollout.replicasOf(current)) {
    await resize(sync, { set: current, replicas });
    return true;
  }
  const shrinks = rollout.shrinkOld(draft, current, old);
  for (const shrink of shrinks) await resize(sync, shrink);
  return shrinks.length > 0;
}

/** One step of a replacement: everything old must be gone before anything new comes. */
async function recreate(sync: Sync): Promise<boolean> {
  const { draft, old } = sync;
  const active = old.filter(rollout.isActive);
  for (const set of active) await resize(sync, { set, replicas: 0 });
  if (active.length > 0 || hasOldPods(sync)) return true;
  const current = sync.current ?? (await createCurrent(sync));
  await resize(sync, { set: current, replicas: rollout.replicasOf(draft) });
  return false;
}

function hasOldPods({ old, cache }: Sync): boolean {
  return old.some(
    (set) => (set.status?.replicas ?? 0) > 0 || cache.ownedBy(set, pod).some((object) => !isFinished(object)),
  );
}

/** Makes the ReplicaSet of the current template carry the Deployment's annotations and revision, and the draft its revision. */
async function refreshCurrent(sync: Sync): Promise<void> {
  const { draft, old, current, api, clock } = sync;
  if (!current) return;
  const wanted = currentSet(draft, current, highestRevision(old) + 1n);
  const isRight =
    sameAnnotations(current.metadata.annotations, wanted.metadata.annotations!) &&
    (current.spec!.minReadySeconds ?? 0) === (wanted.spec!.minReadySeconds ?? 0);
  sync.current = isRight ? current : await api.update(replicaSets, wanted);
  if (draft.metadata.deletionTimestamp) return;

  setRevision(draft, sync.current.metadata.annotations?.[REVISION]);
  const status = progress.statusIn(draft);
  if (progress.hasDeadline(draft) && !conditionOf(status.conditions, "Progressing")) {
    const message = `Found new replica set "${current.metadata.name}"`;
    progress.setCondition(
      status,
      progress.progressing("True", progress.reasons.foundSet, message, clock.now()),
    );
  }
}

async function createCurrent(sync: Sync): Promise<ReplicaSet> {
  const { draft, old, api, clock, event } = sync;
  const revision = highestRevision(old) + 1n;
  const wanted = newSet(draft, revision, rollout.currentReplicas(draft, undefined, old));
  const { name } = wanted.metadata;
  const status = progress.statusIn(draft);
  const note = (state: "True" | "False", reason: string, message: string) => {
    if (!progress.hasDeadline(draft)) return;
    progress.setCondition(status, progress.progressing(state, reason, message, clock.now()));
  };
  try {
    sync.current = await api.create(replicaSets, wanted);
  } catch (err) {
    if (isAlreadyExists(err)) return (sync.current = await sameOrCollision(sync, wanted, err));
    if (!isNamespaceTerminating(err)) {
      const message = `Failed to create new replica set "${name}": ${(err as Error).message}`;
      note("False", progress.reasons.createError, message);
      event(draft, "Warning", progress.reasons.createError, message);
    }
    throw err;
  }
  const replicas = rollout.replicasOf(wanted);
  if (replicas > 0) {
    event(draft, "Normal", "ScalingReplicaSet", `Scaled up replica set ${name} from 0 to ${replicas}`);
  }
  setRevision(draft, String(revision));
  note("True", progress.reasons.newSet, `Created new replica set "${name}"`);
  return sync.current;
}

/** The name is taken: by our own ReplicaSet that the cache had not seen, or by another template. Then another name is needed next time. */
async function sameOrCollision(
  { draft, api, log }: Sync,
  wanted: ReplicaSet,
  err: unknown,
): Promise<ReplicaSet> {
  const existing = await api.get(replicaSets, keyOf(wanted));
  const isOurs = controllerOf(existing)?.uid === draft.metadata.uid;
  if (isOurs && sameTemplate(existing.spec!.template, draft.spec!.template)) return existing;
  const status = progress.statusIn(draft);
  status.collisionCount = (status.collisionCount ?? 0) + 1;
  log.info("Met a hash collision", { replicaSet: keyOf(wanted), collisionCount: status.collisionCount });
  throw err;
}

/** Gives a ReplicaSet its size, and notes what the Deployment wanted then. */
async function resize(sync: Sync, { set, replicas, always = false }: rollout.Resize): Promise<void> {
  const { draft, api, event } = sync;
  const before = rollout.replicasOf(set);
  const wanted = rollout.replicasOf(draft);
  const notes = replicaAnnotations(wanted, wanted + rollout.limitsOf(draft).surge);
  const annotations = { ...set.metadata.annotations, ...notes };
  const isNoted = sameAnnotations(set.metadata.annotations, annotations);
  if (before === replicas && (!always || isNoted)) return;

  const updated = await api.update(replicaSets, {
    ...set,
    metadata: { ...set.metadata, annotations },
    spec: { ...set.spec!, replicas },
  });
  if (set === sync.current) sync.current = updated;
  else sync.old[sync.old.indexOf(set)] = updated;
  if (before === replicas) return;
  const direction = before < replicas ? "up" : "down";
  const message = `Scaled ${direction} replica set ${set.metadata.name} from ${before} to ${replicas}`;
  event(draft, "Normal", "ScalingReplicaSet", message);
}

async function dropHistory({ draft, old, api }: Sync): Promise<void> {
  for (const set of rollout.beyondHistory(draft, old)) {
    await api.delete(replicaSets, keyOf(set), { uid: set.metadata.uid! }).catch((err: unknown) => {
      if (!isNotFound(err)) throw err;
    });
  }
}

function setRevision({ metadata }: Deployment, revision: string | undefined): void {
  if (revision !== undefined) metadata.annotations = { ...metadata.annotations, [REVISION]: revision };
}

/** Writes status and revision if they differ from what they were. */
async function write(before: Deployment, draft: Deployment, { api }: Context): Promise<void> {
  const isSame =
    progress.sameStatus(before.status, draft.status ?? {}) &&
    sameAnnotations(before.metadata.annotations, draft.metadata.annotations ?? {});
  if (!isSame) await api.updateStatus(deployments, draft);
}
