/** Which PersistentVolumeClaims a pod uses: those it names, and those that are made for it. */

import type { PersistentVolumeClaim, Pod, Volume } from "../../../../generated/core-v1.ts";

/** Names of the claims of all its volumes; in the pod's namespace. */
export function claimNamesOf(pod: Pod): string[] {
  return volumesOf(pod).flatMap(
    (volume) => volume.persistentVolumeClaim?.claimName ?? madeClaimName(pod, volume) ?? [],
  );
}

/** Whether the pod names the claim. */
export function namesClaim(pod: Pod, { metadata }: PersistentVolumeClaim): boolean {
  return (
    pod.metadata.namespace === metadata.namespace &&
    volumesOf(pod).some((volume) => volume.persistentVolumeClaim?.claimName === metadata.name)
  );
}

/** Whether the claim was made for an ephemeral volume of the pod. One that only has such a name is another. */
export function isMadeFor(pod: Pod, { metadata }: PersistentVolumeClaim): boolean {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  return (
    pod.metadata.namespace === metadata.namespace &&
    owner?.uid === pod.metadata.uid &&
    volumesOf(pod).some((volume) => madeClaimName(pod, volume) === metadata.name)
  );
}

/** What the claim of an ephemeral volume is called. */
function madeClaimName({ metadata }: Pod, { name, ephemeral }: Volume): string | undefined {
  return ephemeral && `${metadata.name}-${name}`;
}

function volumesOf({ spec }: Pod): readonly Volume[] {
  return spec?.volumes ?? [];
}
