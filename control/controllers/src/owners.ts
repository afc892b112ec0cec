/** Owner references: made, and taken up or given up by selector. */

import { pod } from "@knarr/kinds/core/pod.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import {
  controllerOf,
  groupVersion,
  keyOf,
  type ApiObject,
  type OwnerReference,
} from "@knarr/machinery/object.ts";
import { isInvalid, unlessGone } from "@knarr/machinery/status.ts";
import type { Api } from "@knarr/client/api.ts";
import { defineIndex } from "@knarr/client/cache.ts";
import type { Watch } from "@knarr/client/controller.ts";
import type { LabelSelector } from "@knarr/machinery/labels.ts";

/** What workloads may take up. */
export const orphanPods = defineIndex<Pod>({
  name: "pods without a controller by namespace",
  of: pod,
  values: (object) => (controllerOf(object) ? [] : [object.metadata.namespace]),
});

/** Wakes those of `resource` that may take up an object without a controller. */
export function orphansWake<O extends ApiObject, T extends ApiObject>(
  of: Resource<O>,
  resource: Resource<T>,
  selectorOf: (object: T) => LabelSelector,
): Watch<O> {
  return {
    resource: of,
    wakes: (orphan, cache) =>
      controllerOf(orphan)
        ? []
        : cache
            .list(resource, orphan.metadata.namespace)
            .filter((object) => selectorOf(object).matches(orphan.metadata.labels))
            .map(keyOf),
  };
}

/** A reference to `owner` as the one controller of an object. */
export function controlledBy(resource: Resource<any>, { metadata }: ApiObject): OwnerReference {
  return {
    apiVersion: groupVersion(resource),
    kind: resource.kind,
    name: metadata.name!,
    uid: metadata.uid!,
    controller: true,
    blockOwnerDeletion: true,
  };
}

export interface Claim<O extends ApiObject, T extends ApiObject> {
  readonly api: Api;
  readonly owner: O;
  readonly ownerResource: Resource<O>;
  readonly resource: Resource<T>;
  readonly selector: LabelSelector;
  /** What it asks of its objects beyond labels. */
  readonly accepts?: (object: T) => boolean;
  /** Objects that `owner` controls, and those without a controller in its namespace. */
  readonly candidates: readonly T[];
  /** What the owner puts on those it takes up, and takes off those it lets go. */
  readonly finalizers?: readonly string[];
}

/**
 * The candidates that belong to the owner, after adopting those without a controller that its selector matches and letting go of
 * those it controls and no longer matches. An owner that is being deleted neither adopts nor lets go.
 */
export async function claim<O extends ApiObject, T extends ApiObject>(claim: Claim<O, T>): Promise<T[]> {
  const { api, owner, ownerResource, resource, selector, accepts, candidates, finalizers = [] } = claim;
  const isGoing = owner.metadata.deletionTimestamp !== undefined;
  let mayAdopt: Promise<void> | undefined;

  const decide = async (object: T): Promise<T | undefined> => {
    const matches = selector.matches(object.metadata.labels) && (accepts?.(object) ?? true);
    const controller = controllerOf(object);
    if (controller) {
      if (controller.uid !== owner.metadata.uid) return undefined;
      if (matches) return object;
      if (!isGoing) await release(api, resource, object, { owner, finalizers });
      return undefined;
    }
    if (isGoing || !matches || object.metadata.deletionTimestamp) return undefined;
    await (mayAdopt ??= confirmAlive(api, ownerResource, owner));
    return adopt(api, resource, object, { owner: controlledBy(ownerResource, owner), finalizers });
  };
  const claimed = await Promise.all(candidates.map(decide));
  return claimed.filter((object) => object !== undefined);
}

/** Asks the server itself: an owner deleted a moment ago must not take up orphans that the garbage collector then deletes. */
async function confirmAlive<O extends ApiObject>(api: Api, resource: Resource<O>, owner: O): Promise<void> {
  const fresh = await api.get(resource, keyOf(owner));
  if (fresh.metadata.uid !== owner.metadata.uid) {
    throw new Error(`Cannot adopt for ${keyOf(owner)}: it was replaced by another ${resource.kind}`);
  }
  if (fresh.metadata.deletionTimestamp) {
    throw new Error(`Cannot adopt for ${keyOf(owner)}: it is being deleted`);
  }
}

async function adopt<T extends ApiObject>(
  api: Api,
  resource: Resource<T>,
  object: T,
  { owner, finalizers }: { readonly owner: OwnerReference; readonly finalizers: readonly string[] },
): Promise<T | undefined> {
  // The uid makes the patch fail when another object has taken the name.
  const metadata = {
    ownerReferences: [owner],
    uid: object.metadata.uid,
    ...(finalizers.length && { finalizers }),
  };
  return api.patch(resource, keyOf(object), { metadata }, { type: "strategic" }).catch(unlessGone);
}

async function release<T extends ApiObject>(
  api: Api,
  resource: Resource<T>,
  object: T,
  { owner, finalizers }: { readonly owner: ApiObject; readonly finalizers: readonly string[] },
): Promise<void> {
  const metadata = {
    ownerReferences: [{ $patch: "delete", uid: owner.metadata.uid }],
    uid: object.metadata.uid,
    ...(finalizers.length && { "$deleteFromPrimitiveList/finalizers": finalizers }),
  };
  await api.patch(resource, keyOf(object), { metadata }, { type: "strategic" }).catch((err: unknown) => {
    if (!isInvalid(err)) unlessGone(err); // invalid: it is another object by now, or has no owners left
  });
}
