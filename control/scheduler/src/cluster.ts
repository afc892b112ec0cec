/** What the scheduler knows of the cluster beside nodes and pods. */

import type { Cache } from "@knarr/client/cache.ts";
import { replicaSet } from "@knarr/kinds/apps/replicaset.ts";
import { statefulSet } from "@knarr/kinds/apps/stateful-set.ts";
import { namespace } from "@knarr/kinds/core/namespace.ts";
import { replicationController } from "@knarr/kinds/core/replication-controller.ts";
import { service } from "@knarr/kinds/core/service.ts";
import type { Pod } from "@knarr/kinds/generated/core-v1.ts";
import { selectorOf } from "@knarr/kinds/shared/stored-selector.ts";
import { LabelSelector, selectorOfLabels, type Labels } from "@knarr/machinery/labels.ts";

export interface Cluster {
  namespaceLabels(name: string): Labels | undefined;
  /** Selects a pod's like: what the Services that select it and the workload that owns it select. Empty when there are none. */
  selectorOfLike(pod: Pod): LabelSelector;
}

/** Kinds that it reads. */
export const clusterKinds = [namespace, service, replicationController, replicaSet, statefulSet] as const;

export class CachedCluster implements Cluster {
  readonly #cache: Cache;

  constructor(cache: Cache) {
    this.#cache = cache;
  }

  namespaceLabels(name: string): Labels | undefined {
    return this.#cache.get(namespace, name)?.metadata.labels;
  }

  selectorOfLike(pod: Pod): LabelSelector {
    const { namespace: own = "", labels = {} } = pod.metadata;
    const services = this.#cache
      .list(service, own)
      .map(({ spec }) => Object.entries(spec?.selector ?? {}))
      .filter((wanted) => wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value));
    const ofServices = selectorOfLabels(Object.fromEntries(services.flat()));
    return new LabelSelector([...ofServices.requirements, ...this.#ofOwner(pod).requirements]);
  }

  #ofOwner({ metadata }: Pod): LabelSelector {
    const owner = metadata.ownerReferences?.find(({ controller }) => controller);
    const key = `${metadata.namespace}/${owner?.name}`;
    switch (owner && `${owner.apiVersion} ${owner.kind}`) {
      case "v1 ReplicationController":
        return selectorOfLabels(this.#cache.get(replicationController, key)?.spec?.selector);
      case "apps/v1 ReplicaSet":
        return selectorOf(this.#cache.get(replicaSet, key)?.spec?.selector);
      case "apps/v1 StatefulSet":
        return selectorOf(this.#cache.get(statefulSet, key)?.spec?.selector);
      default:
        return selectorOfLabels({});
    }
  }
}
