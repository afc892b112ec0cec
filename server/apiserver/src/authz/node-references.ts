/**
 * What the pods of a node refer to, as an index of the pod cache: `node/secret/namespace/name`. A node may read what its
 * pods need, and nothing else of that sort.
 */

import { defineIndex } from "@knarr/client/cache.ts";
import { pod } from "@knarr/kinds/core/pod.ts";
import type { Container, Pod, PodSpec, Volume } from "@knarr/kinds/generated/core-v1.ts";

export type ReferredKind =
  "pod" | "secret" | "configmap" | "persistentvolumeclaim" | "serviceaccount" | "resourceclaim";

export const podsByReference = defineIndex<Pod>({
  name: "pods by node and what they refer to",
  of: pod,
  values: referencesOf,
});

/** The value under which a pod of `node` is filed that refers to the object. */
export function reference(node: string, kind: ReferredKind, namespace: string, name: string): string {
  return `${node}/${kind}/${namespace}/${name}`;
}

const MIRROR = "kubernetes.io/config.mirror";

function referencesOf(object: Pod): readonly string[] {
  const { metadata = {}, spec } = object;
  const node = spec?.nodeName;
  if (!node) return NONE;
  const namespace = metadata.namespace ?? "";
  const found = new Set<string>();
  const add = (kind: ReferredKind, name: string | undefined): void => {
    if (name) found.add(reference(node, kind, namespace, name));
  };
  add("pod", metadata.name);
  // A static pod's mirror must not lead a node to anything: the node wrote it itself.
  if (metadata.annotations?.[MIRROR] !== undefined) return [...found];
  add("serviceaccount", spec.serviceAccountName);
  for (const secret of spec.imagePullSecrets ?? []) add("secret", secret.name);
  for (const container of containersOf(spec)) addContainer(container, add);
  for (const volume of spec.volumes ?? []) addVolume(volume, metadata.name ?? "", add);
  for (const claim of spec.resourceClaims ?? []) add("resourceclaim", claim.resourceClaimName);
  for (const claim of object.status?.resourceClaimStatuses ?? [])
    add("resourceclaim", claim.resourceClaimName);
  return [...found];
}

const NONE: readonly string[] = [];

type Add = (kind: ReferredKind, name: string | undefined) => void;

function containersOf(spec: PodSpec): readonly Container[] {
  return [
    ...(spec.initContainers ?? []),
    ...(spec.containers ?? []),
    ...((spec.ephemeralContainers ?? []) as Container[]),
  ];
}

function addContainer({ env = [], envFrom = [] }: Container, add: Add): void {
  for (const { secretRef, configMapRef } of envFrom) {
    add("secret", secretRef?.name);
    add("configmap", configMapRef?.name);
  }
  for (const { valueFrom } of env) {
    add("secret", valueFrom?.secretKeyRef?.name);
    add("configmap", valueFrom?.configMapKeyRef?.name);
  }
}

function addVolume(volume: Volume, podName: string, add: Add): void {
  add("secret", volume.secret?.secretName);
  add("configmap", volume.configMap?.name);
  add("persistentvolumeclaim", volume.persistentVolumeClaim?.claimName);
  if (volume.ephemeral) add("persistentvolumeclaim", `${podName}-${volume.name}`);
  for (const { secret, configMap } of volume.projected?.sources ?? []) {
    add("secret", secret?.name);
    add("configmap", configMap?.name);
  }
  add("secret", volume.azureFile?.secretName);
  add("secret", volume.csi?.nodePublishSecretRef?.name);
  for (const source of [
    volume.cephfs,
    volume.cinder,
    volume.flexVolume,
    volume.iscsi,
    volume.rbd,
    volume.scaleIO,
    volume.storageos,
  ]) {
    add("secret", source?.secretRef?.name);
  }
}
