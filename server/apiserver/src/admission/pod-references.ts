/** Which API objects a pod refers to. Pods that a node makes by itself (mirrors of files) may refer to none. */

import type { Container, Pod } from "@knarr/kinds/generated/core-v1.ts";

/** The plural of the first kind referred to; undefined for none. */
export function apiObjectReferredBy({ spec }: Pod): string | undefined {
  if (!spec) return undefined;
  if (spec.serviceAccountName) return "serviceaccounts";
  if (spec.imagePullSecrets?.length) return "secrets";
  for (const volume of spec.volumes ?? []) {
    if (volume.secret) return "secrets";
    if (volume.configMap) return "configmaps";
    if (volume.persistentVolumeClaim || volume.ephemeral) return "persistentvolumeclaims";
    for (const source of volume.projected?.sources ?? []) {
      if (source.secret) return "secrets";
      if (source.configMap) return "configmaps";
      if (source.serviceAccountToken) return "serviceaccounts";
      if (source.clusterTrustBundle) return "clustertrustbundles";
    }
  }
  if (spec.resourceClaims?.length) return "resourceclaims";
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  for (const container of containers) {
    const found = referredByEnvironment(container);
    if (found) return found;
  }
  return undefined;
}

function referredByEnvironment({ env = [], envFrom = [] }: Container): string | undefined {
  const froms = [...envFrom, ...env.map(({ valueFrom }) => ({ ...valueFrom }))] as readonly {
    readonly secretRef?: object;
    readonly secretKeyRef?: object;
    readonly configMapRef?: object;
    readonly configMapKeyRef?: object;
  }[];
  if (froms.some((from) => from.secretRef ?? from.secretKeyRef)) return "secrets";
  return froms.some((from) => from.configMapRef ?? from.configMapKeyRef) ? "configmaps" : undefined;
}
