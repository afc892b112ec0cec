/** How many pods a disruption budget is about, and how many of them have to be healthy. */

import { deployment } from "@knarr/kinds/apps/deployment.ts";
import { replicaSet } from "@knarr/kinds/apps/replicaset.ts";
import { statefulSet } from "@knarr/kinds/apps/stateful-set.ts";
import { replicationController } from "@knarr/kinds/core/replication-controller.ts";
import type { Scale } from "@knarr/kinds/generated/autoscaling-v1.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import type { PodDisruptionBudget } from "@knarr/kinds/generated/policy-v1.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import { controllerOf, parseGroupVersion, type OwnerReference } from "@knarr/machinery/object.ts";
import { ApiError } from "@knarr/machinery/status.ts";
import type { Cache } from "@knarr/client/cache.ts";
import type { Context } from "@knarr/client/controller.ts";
import { scaled } from "../counts.ts";
import type { KindOf } from "../remembered-kinds.ts";

/** Those whose replicas the cache tells; all others are asked for their scale. */
export const workloads = [replicationController, replicaSet, statefulSet, deployment] as const;

export interface Expected {
  readonly expectedPods: number;
  readonly desiredHealthy: number;
  /** Some have no controller that could say how many there should be. */
  readonly hasUnmanaged: boolean;
}

/** A controller's context, and whom to ask for kinds. */
export interface Asking extends Context {
  readonly kindOf: KindOf;
}

interface Scaled {
  readonly uid: string;
  readonly replicas: number;
}

export async function expectedOf(
  { spec }: PodDisruptionBudget,
  pods: readonly Pod[],
  context: Asking,
): Promise<Expected> {
  const { minAvailable, maxUnavailable } = spec ?? {};
  const limit = maxUnavailable ?? minAvailable;
  if (limit == null) return { expectedPods: 0, desiredHealthy: 0, hasUnmanaged: false };
  if (maxUnavailable == null && typeof limit === "number")
    return { expectedPods: pods.length, desiredHealthy: limit, hasUnmanaged: false };
  const { expectedPods, hasUnmanaged } = await replicasOf(pods, context);
  const share = Math.ceil(scaled(limit, expectedPods));
  const desiredHealthy = maxUnavailable == null ? share : Math.max(0, expectedPods - share);
  return { expectedPods, desiredHealthy, hasUnmanaged };
}

/** The replicas of all that control some of the pods, each once. */
async function replicasOf(pods: readonly Pod[], context: Asking): Promise<Omit<Expected, "desiredHealthy">> {
  const owners = new Map<string, Scaled>();
  const scales = new Map<string, number>();
  let hasUnmanaged = false;
  for (const pod of pods) {
    const owner = controllerOf(pod);
    if (!owner) hasUnmanaged = true;
    if (!owner || owners.has(owner.uid)) continue;
    const { namespace = "", name } = pod.metadata;
    const found = fromCache(owner, namespace, context.cache) ?? (await fromScale(owner, namespace, context));
    if (!found) throw new Error(`found no controllers for pod "${name}"`);
    owners.set(owner.uid, found);
    scales.set(found.uid, found.replicas);
  }
  return { expectedPods: [...scales.values()].reduce((sum, replicas) => sum + replicas, 0), hasUnmanaged };
}

/** A ReplicaSet of a Deployment counts as the Deployment: during a rollout there are several. */
function fromCache(owner: OwnerReference, namespace: string, cache: Cache): Scaled | undefined {
  const resource = workloads.find((one) => isKind(owner, one)) as Resource<any> | undefined;
  const workload = resource && cache.get(resource, `${namespace}/${owner.name}`);
  if (!workload || workload.metadata.uid !== owner.uid) return undefined;
  const above = controllerOf(workload);
  if (isKind(owner, replicaSet) && above && isKind(above, deployment))
    return fromCache(above, namespace, cache);
  return { uid: workload.metadata.uid, replicas: workload.spec.replicas ?? 1 };
}

async function fromScale(
  owner: OwnerReference,
  namespace: string,
  { api, signal, kindOf }: Asking,
): Promise<Scaled | undefined> {
  const resource = await kindOf(owner, signal);
  if (!resource) throw new Error(`no matches for kind "${owner.kind}" in version "${owner.apiVersion}"`);
  try {
    const key = `${namespace}/${owner.name}`;
    const { metadata, spec } = await api.getSubresource<Scale>(resource, key, "scale");
    return metadata.uid === owner.uid ? { uid: owner.uid, replicas: spec?.replicas ?? 0 } : undefined;
  } catch (err) {
    if (!(err instanceof ApiError) || err.code !== 404) throw err;
    if (err.details?.name) return undefined;
    // Not the object is missing, but the path: its kind has no such subresource.
    const { group, plural } = resource;
    const name = group ? `${plural}.${group}` : plural;
    throw new Error(`${name} does not implement the scale subresource`, { cause: err });
  }
}

function isKind({ apiVersion, kind }: OwnerReference, resource: Resource<any>): boolean {
  return kind === resource.kind && parseGroupVersion(apiVersion).group === resource.group;
}
