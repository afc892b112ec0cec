/** What is accepted of a persistent volume and will not do any good. */

import type { PersistentVolume, PersistentVolumeSpec } from "../../../generated/core-v1.ts";
import { termWarnings } from "../pod/node-labels.ts";
import { BETA_STORAGE_CLASS } from "./class.ts";

const annotations: readonly (readonly [key: string, says: string])[] = [
  [BETA_STORAGE_CLASS, 'deprecated since v1.8; use "storageClassName" attribute instead'],
  ["volume.beta.kubernetes.io/mount-options", 'deprecated since v1.31; use "mountOptions" attribute instead'],
];

/** In upstream's order; `shown` where the path names the field otherwise. */
const gone: readonly {
  readonly field: keyof PersistentVolumeSpec;
  readonly shown?: string;
  readonly says: string;
}[] = [
  { field: "cephfs", says: "deprecated in v1.28, non-functional in v1.31+" },
  { field: "photonPersistentDisk", says: "deprecated in v1.11, non-functional in v1.16+" },
  { field: "scaleIO", says: "deprecated in v1.16, non-functional in v1.22+" },
  { field: "storageos", shown: "storageOS", says: "deprecated in v1.22, non-functional in v1.25+" },
  { field: "glusterfs", says: "deprecated in v1.25, non-functional in v1.26+" },
  { field: "rbd", says: "deprecated in v1.28, non-functional in v1.31+" },
];

export function volumeWarnings({ metadata, spec = {} }: PersistentVolume): readonly string[] {
  const warnings: string[] = [];
  for (const [key, says] of annotations)
    if (metadata.annotations?.[key] !== undefined) warnings.push(`metadata.annotations[${key}]: ${says}`);
  if (spec.persistentVolumeReclaimPolicy === "Recycle")
    warnings.push(
      "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.",
    );
  (spec.nodeAffinity?.required?.nodeSelectorTerms ?? []).forEach((term, i) =>
    termWarnings(term, `spec.nodeAffinity.required.nodeSelectorTerms[${i}]`, (text) => warnings.push(text)),
  );
  for (const { field, shown, says } of gone)
    if (spec[field] != null) warnings.push(`spec.${shown ?? field}: ${says}`);
  return warnings;
}
