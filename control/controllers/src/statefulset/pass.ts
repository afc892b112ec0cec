/**
 * One pass over the pods of a StatefulSet.
 *
 * In order, each waits for the one before it to be available: pods are made upwards, removed downwards, and updated downwards, one at
 * a time. In parallel, nobody waits, but updates are one at a time all the same.
 */

import { pod as pods } from "@knarr/kinds/core/pod.ts";
import type { ControllerRevision, StatefulSet } from "@knarr/kinds/generated/apps-v1.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { keyOf } from "@knarr/machinery/object.ts";
import { ApiError, isNotFound } from "@knarr/machinery/status.ts";
import type { Context } from "@knarr/client/controller.ts";
import { inSlowStart } from "../batches.ts";
import { isAvailable, isFinished, isGoing, isReady } from "../pods.ts";
import { hasStaleClaim, keepOwners, makeClaims, type Replica } from "./claims.ts";
import {
  firstOrdinal,
  hasIdentity,
  hasStorage,
  isWanted,
  newPod,
  ordinalOf,
  replicasOf,
  revisionOf,
  withIdentity,
  withStorage,
} from "./identity.ts";
import { isRunning } from "./status.ts";

export interface Pass extends Context {
  readonly set: StatefulSet;
  readonly pods: readonly Pod[];
  /** What pods were, and below the partition still are. */
  readonly current: ControllerRevision;
  /** What they are to be. */
  readonly update: ControllerRevision;
  readonly now: number;
}

interface Place {
  readonly ordinal: number;
  readonly pod: Pod | undefined;
}

/** Resolves to the pods that are told to go for an update. */
export async function advance(pass: Pass): Promise<readonly Pod[]> {
  const { set } = pass;
  const isOrdered = set.spec!.podManagementPolicy !== "Parallel";
  const { wanted, tooMany } = placesOf(pass);
  const kept = await inTurn(wanted, isOrdered, (place) => keep(place, isOrdered, pass));
  if (!kept) return [];
  await inTurn(tooMany, isOrdered, async (replica) => (await keepOwners(set, replica, pass), true));
  const firstIll = tooMany.findLast(({ pod }) => isUnavailable(pod, pass))?.pod;
  const removed = await inTurn(tooMany, isOrdered, (replica) =>
    condemn(replica.pod, { isOrdered, mayBeIll: replica.pod === firstIll }, pass),
  );
  if (!removed || set.spec!.updateStrategy?.type === "OnDelete") return [];
  return update(wanted, pass);
}

/** The places of all pods there should be, upwards; and the pods beyond them, downwards. */
function placesOf({ set, pods: all }: Pass): { wanted: readonly Place[]; tooMany: readonly Replica[] } {
  const byOrdinal = new Map<number, Pod>();
  for (const pod of all) {
    const ordinal = ordinalOf(pod, set);
    if (ordinal !== undefined) byOrdinal.set(ordinal, pod);
  }
  const first = firstOrdinal(set);
  const wanted = Array.from({ length: replicasOf(set) }, (_, i) => ({
    ordinal: first + i,
    pod: byOrdinal.get(first + i),
  }));
  const tooMany = [...byOrdinal]
    .filter(([ordinal]) => !isWanted(ordinal, set))
    .map(([ordinal, pod]): Replica => ({ ordinal, pod, isTooMany: true }))
    .toSorted((a, b) => b.ordinal - a.ordinal);
  return { wanted, tooMany };
}

/** In order until one says that those after it must wait; or all at once. Resolves to whether none had to. */
async function inTurn<T>(
  items: readonly T[],
  isOrdered: boolean,
  act: (item: T) => Promise<boolean>,
): Promise<boolean> {
  if (isOrdered) {
    for (const item of items) if (!(await act(item))) return false;
    return true;
  }
  let next = 0;
  await inSlowStart(items.length, async () => {
    await act(items[next++]!);
  });
  return true;
}

/** Makes, remakes or mends the pod of a place. Resolves to whether those after it may go on. */
async function keep({ ordinal, pod }: Place, isOrdered: boolean, pass: Pass): Promise<boolean> {
  const { set } = pass;
  if (!pod) {
    if (hasStaleClaim(set, ordinal, pass)) return false;
    await create(ordinal, pass);
    return !isOrdered;
  }
  if (isFinished(pod)) {
    if (!isGoing(pod)) await remove(pod, pass);
    return false;
  }
  const replica: Replica = { ordinal, pod, isTooMany: false };
  if (pod.status?.phase === "Pending") await makeClaims(set, ordinal, pass);
  if (isOrdered && (!isRunning(pod) || isUnavailable(pod, pass))) {
    if (!isGoing(pod)) await keepOwners(set, replica, pass);
    return false;
  }
  await mend(replica, pass);
  return true;
}

async function create(ordinal: number, pass: Pass): Promise<void> {
  const { set, api, current, update: next } = pass;
  // Below the partition pods stay as they were, also when they have to be made again.
  const partition = set.spec!.updateStrategy?.rollingUpdate?.partition ?? 0;
  const revision = ordinal < firstOrdinal(set) + partition ? current : next;
  const pod = newPod(set, ordinal, revision);
  try {
    await makeClaims(set, ordinal, pass);
    await api.create(pods, pod);
    tell(pass, { verb: "Create", pod });
  } catch (err) {
    const isThere = err instanceof ApiError && err.reason === "AlreadyExists";
    if (!isThere) tell(pass, { verb: "Create", pod, err });
    throw err;
  }
}

/** Labels somebody changed, a volume or an owner that is missing. */
async function mend(replica: Replica, pass: Pass): Promise<void> {
  const { set, api } = pass;
  const { pod, ordinal } = replica;
  let isChanged = false;
  try {
    let mended = pod;
    if (!hasIdentity(pod)) mended = withIdentity(mended, ordinal);
    if (!hasStorage(pod, set, ordinal)) {
      mended = withStorage(mended, set, ordinal);
      await makeClaims(set, ordinal, pass);
    }
    await keepOwners(set, replica, pass);
    isChanged = mended !== pod;
    if (isChanged) await api.update(pods, mended);
  } catch (err) {
    tell(pass, { verb: "Update", pod, err });
    throw err;
  }
  if (isChanged) tell(pass, { verb: "Update", pod });
}

/** Removes a pod that is too many, in order only when all below it are well. Resolves to whether the next one may go, too. */
async function condemn(
  pod: Pod,
  { isOrdered, mayBeIll }: { readonly isOrdered: boolean; readonly mayBeIll: boolean },
  pass: Pass,
): Promise<boolean> {
  if (isGoing(pod)) return !isOrdered;
  if (isOrdered && !mayBeIll && (!isRunning(pod) || isUnavailable(pod, pass))) return false;
  await remove(pod, pass);
  return false;
}

/** The highest pod of another revision goes, once all above it are available. */
async function update(wanted: readonly Place[], pass: Pass): Promise<readonly Pod[]> {
  const { set, update: next } = pass;
  const partition = set.spec!.updateStrategy?.rollingUpdate?.partition ?? 0;
  for (const { pod } of wanted.slice(partition).toReversed()) {
    if (pod && revisionOf(pod) !== next.metadata.name && !isGoing(pod)) {
      await remove(pod, pass);
      return [pod];
    }
    if (!pod || isUnavailable(pod, pass)) return [];
  }
  return [];
}

async function remove(pod: Pod, pass: Pass): Promise<void> {
  try {
    await pass.api.delete(pods, keyOf(pod), { uid: pod.metadata.uid! });
  } catch (err) {
    if (!isNotFound(err)) {
      tell(pass, { verb: "Delete", pod, err });
      throw err;
    }
  }
  tell(pass, { verb: "Delete", pod });
}

function isUnavailable(pod: Pod, { set, now }: Pass): boolean {
  return isGoing(pod) || !isReady(pod) || !isAvailable(pod, set.spec!.minReadySeconds ?? 0, now);
}

interface Deed {
  readonly verb: "Create" | "Update" | "Delete";
  readonly pod: Pod;
  readonly err?: unknown;
}

function tell({ set, event }: Pass, { verb, pod, err }: Deed): void {
  const what = `${verb} Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name}`;
  if (err === undefined) event(set, "Normal", `Successful${verb}`, `${what} successful`);
  else event(set, "Warning", `Failed${verb}`, `${what} failed error: ${(err as Error).message}`);
}
