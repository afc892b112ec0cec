/**
 * The volumes of a StatefulSet's pods: a PersistentVolumeClaim per template and number, made before its pod and kept when the pod
 * goes, unless the set says otherwise.
 *
 * With `whenDeleted: Delete` a claim is owned by the set, and with `whenScaled: Delete` that of a pod too many is owned by the pod: the
 * garbage collector does the rest. An owner of that name with another uid is a former one, whose claim is left to what it was promised.
 */

import { statefulSet as statefulSets } from "@knarr/kinds/apps/stateful-set.ts";
import { persistentVolumeClaim } from "@knarr/kinds/core/persistent-volume-claim.ts";
import { pod as pods } from "@knarr/kinds/core/pod.ts";
import type { StatefulSet } from "@knarr/kinds/generated/apps-v1.ts";
import type { PersistentVolumeClaim, Pod } from "@knarr/kinds/generated/core-v1.ts";
import type { OwnerReference } from "@knarr/machinery/object.ts";
import { ApiError } from "@knarr/machinery/status.ts";
import type { Context } from "@knarr/client/controller.ts";
import { controlledBy } from "../owners.ts";

export function claimName(set: StatefulSet, { metadata }: PersistentVolumeClaim, ordinal: number): string {
  return `${metadata.name}-${set.metadata.name}-${ordinal}`;
}

/** Makes those that are missing. Throws when one cannot be made, or is on its way out. */
export async function makeClaims(set: StatefulSet, ordinal: number, context: Context): Promise<void> {
  const { cache, api, event } = context;
  const errors: Error[] = [];
  for (const template of set.spec!.volumeClaimTemplates ?? []) {
    const name = claimName(set, template, ordinal);
    const found = cache.get(persistentVolumeClaim, `${set.metadata.namespace}/${name}`);
    if (found?.metadata.deletionTimestamp) errors.push(new Error(`pvc ${name} is being deleted`));
    if (found) continue;
    const pod = `${set.metadata.name}-${ordinal}`;
    const of = `Pod ${pod} in StatefulSet ${set.metadata.name}`;
    try {
      await api.create(persistentVolumeClaim, newClaim(set, template, name));
      event(set, "Normal", "SuccessfulCreate", `Create Claim ${name} ${of} success`);
    } catch (err) {
      const { message } = err as Error;
      errors.push(new Error(`failed to create PVC ${name}: ${message}`, { cause: err }));
      if (err instanceof ApiError && err.reason === "AlreadyExists") continue;
      event(set, "Warning", "FailedCreate", `Create Claim ${name} for ${of} failed error: ${message}`);
    }
  }
  if (errors.length === 1) throw errors[0]!;
  if (errors.length > 1)
    throw new AggregateError(errors, `[${errors.map(({ message }) => message).join(", ")}]`);
}

function newClaim(set: StatefulSet, template: PersistentVolumeClaim, name: string): PersistentVolumeClaim {
  const labels = { ...template.metadata.labels, ...set.spec!.selector.matchLabels };
  return {
    ...template,
    metadata: { ...template.metadata, name, namespace: set.metadata.namespace!, labels },
  };
}

/** Those of a number that exist. */
function claimsOf(
  set: StatefulSet,
  ordinal: number,
  { cache }: Pick<Context, "cache">,
): readonly PersistentVolumeClaim[] {
  return (set.spec!.volumeClaimTemplates ?? [])
    .map((template) => `${set.metadata.namespace}/${claimName(set, template, ordinal)}`)
    .map((key) => cache.get(persistentVolumeClaim, key))
    .filter((claim) => claim !== undefined);
}

/** A claim that goes with a former pod of that name: a new one has to wait until it is gone. */
export function hasStaleClaim(set: StatefulSet, ordinal: number, context: Context): boolean {
  if (!policyOf(set).withPod) return false;
  const reference = { apiVersion: "v1", kind: "Pod", name: `${set.metadata.name}-${ordinal}`, uid: "" };
  return claimsOf(set, ordinal, context).some((claim) => isFormer(claim, reference));
}

export interface Replica {
  readonly pod: Pod;
  readonly ordinal: number;
  /** The set has shrunk below it. */
  readonly isTooMany: boolean;
}

/** Makes those own the pod's claims who are to take them along. */
export async function keepOwners(set: StatefulSet, replica: Replica, context: Context): Promise<void> {
  const { api, event } = context;
  for (const claim of claimsOf(set, replica.ordinal, context)) {
    const isForeign = hasForeignController(claim, set, replica.pod);
    const owners = ownersOf(claim, set, { ...replica, isForeign });
    if (!owners) continue;
    if (isForeign) {
      const why = `PersistentVolumeClaim ${claim.metadata.name} has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored for this claim`;
      event(set, "Warning", "ConflictingController", why);
    }
    const { ownerReferences: _before, ...metadata } = claim.metadata;
    await api
      .update(persistentVolumeClaim, {
        ...claim,
        metadata: { ...metadata, ...(owners.length && { ownerReferences: owners }) },
      })
      .catch((err: Error) => {
        const { name } = claim.metadata;
        const why = `could not update claim ${name} for delete policy ownerRefs: ${err.message}`;
        throw new Error(why, { cause: err });
      });
  }
}

/** All owners as they should be; undefined when they are, or are none of our business. */
function ownersOf(
  claim: PersistentVolumeClaim,
  set: StatefulSet,
  { pod, isTooMany, isForeign }: Replica & { readonly isForeign: boolean },
): OwnerReference[] | undefined {
  const [ofSet, ofPod] = [controlledBy(statefulSets, set), controlledBy(pods, pod)];
  if (isFormer(claim, ofSet) || isFormer(claim, ofPod)) return undefined;
  const before = claim.metadata.ownerReferences ?? [];
  const { withSet, withPod } = policyOf(set);
  const wanted: OwnerReference[] = [];
  if (!isForeign && withSet && !(withPod && isTooMany)) wanted.push(ofSet);
  if (!isForeign && withPod && isTooMany) wanted.push(ofPod);
  const uids = new Set([ofSet.uid, ofPod.uid]);
  const ours = before.filter(({ uid }) => uids.has(uid));
  const isRight =
    ours.length === wanted.length &&
    wanted.every(({ uid }) => ours.some((one) => one.uid === uid && one.controller));
  if (isRight) return undefined;
  const others = before.filter((one) => !isTo(one, ofSet) && !isTo(one, ofPod));
  return [...others, ...wanted];
}

/** With whom claims go. */
function policyOf({ spec }: StatefulSet): { readonly withSet: boolean; readonly withPod: boolean } {
  const { whenDeleted, whenScaled } = spec!.persistentVolumeClaimRetentionPolicy ?? {};
  return { withSet: whenDeleted === "Delete", withPod: whenScaled === "Delete" };
}

/** Somebody else says what becomes of the claim. Where claims are kept anyway, that does not matter. */
function hasForeignController({ metadata }: PersistentVolumeClaim, set: StatefulSet, pod: Pod): boolean {
  const { withSet, withPod } = policyOf(set);
  if (!withSet && !withPod) return false;
  const ours = [controlledBy(statefulSets, set), controlledBy(pods, pod)];
  return (metadata.ownerReferences ?? []).some((reference) => {
    const own = ours.find((one) => isTo(reference, one));
    return own ? own.uid !== reference.uid : reference.controller === true;
  });
}

function isFormer({ metadata }: PersistentVolumeClaim, owner: OwnerReference): boolean {
  const found = metadata.ownerReferences?.find((one) => isTo(one, owner));
  return found !== undefined && found.uid !== owner.uid;
}

function isTo(one: OwnerReference, other: OwnerReference): boolean {
  return one.apiVersion === other.apiVersion && one.kind === other.kind && one.name === other.name;
}
