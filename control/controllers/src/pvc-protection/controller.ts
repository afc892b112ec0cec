/**
 * PVC protection: a claim stays for as long as a pod that has a node uses it, finished or not; one that was made for a pod goes when the
 * node is done with the pod. A pod without a node can wait: no node starts it with a claim that is going.
 */

import { defineIndex } from "@knarr/client/cache.ts";
import { persistentVolumeClaim } from "@knarr/kinds/core/persistent-volume-claim.ts";
import { pod as podKind } from "@knarr/kinds/core/pod.ts";
import type { PersistentVolumeClaim, Pod } from "@knarr/kinds/generated/core-v1.ts";
import { claimNamesOf, isMadeFor, namesClaim } from "@knarr/kinds/shared/pod/volumes/claims.ts";
import { protectionController } from "../protection.ts";

const podsByClaim = defineIndex<Pod>({
  name: "pods by claim",
  of: podKind,
  values: (pod) => claimKeysOf(pod),
});

export const pvcProtectionController = protectionController<PersistentVolumeClaim>({
  name: "pvc-protection",
  for: persistentVolumeClaim,
  watches: [{ resource: podKind, wakes: (pod, _, previous) => claimKeysOf(previous ?? pod) }],
  indexes: [podsByClaim],

  async isUsed(claim, { cache, api }) {
    const { namespace = "", name = "" } = claim.metadata;
    const holds = (pod: Pod): boolean =>
      !!pod.spec?.nodeName && (namesClaim(pod, claim) || (!isShutDown(pod) && isMadeFor(pod, claim)));
    if (cache.by(podsByClaim, `${namespace}/${name}`).some(holds)) return true;
    // A pod that the cache has not seen yet counts, too.
    return (await api.list(podKind, { namespace })).items.some(holds);
  },
});

function claimKeysOf(pod: Pod): string[] {
  return claimNamesOf(pod).map((name) => `${pod.metadata.namespace}/${name}`);
}

/** Its node is done with it, or somebody did not want to wait for that. */
function isShutDown({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0;
}
