/** What the server fills into volumes: a type, modes of files, lifetimes of tokens. */

import type {
  ObjectFieldSelector,
  PersistentVolumeClaimSpec,
  PersistentVolumeSpec,
  Volume,
} from "../../../../generated/core-v1.ts";
import { canonical, normalizeAmounts } from "../../amounts.ts";
import { defaultDivisor, pullPolicyOf } from "../defaults.ts";

const FILE_MODE = 0o644;

type BlockStorage = Pick<PersistentVolumeSpec, "iscsi" | "rbd" | "azureDisk" | "scaleIO">;

/** In a file of its own type list: a volume that names none of these is an emptyDir. */
export function defaultVolume(
  volume: Volume,
  defaultFieldRef: (selector: ObjectFieldSelector) => void,
): void {
  if (!hasType(volume)) volume.emptyDir = {};
  const { hostPath, secret, configMap, downwardAPI, projected, image, ephemeral, emptyDir } = volume;
  if (hostPath) hostPath.type ??= "";
  if (secret) secret.defaultMode ??= FILE_MODE;
  if (configMap) configMap.defaultMode ??= FILE_MODE;
  const limit = emptyDir?.sizeLimit;
  if (limit != null && limit !== canonical(limit)) emptyDir!.sizeLimit = canonical(limit);
  if (image) image.pullPolicy ||= pullPolicyOf(image.reference);
  if (downwardAPI) {
    downwardAPI.defaultMode ??= FILE_MODE;
    defaultFiles(downwardAPI.items, defaultFieldRef);
  }
  if (projected) {
    projected.defaultMode ??= FILE_MODE;
    for (const source of projected.sources ?? []) {
      if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= 3600;
      defaultFiles(source.downwardAPI?.items, defaultFieldRef);
    }
  }
  const claim = ephemeral?.volumeClaimTemplate;
  if (claim) {
    claim.metadata ??= {};
    defaultClaimSpec((claim.spec ??= {}));
  }
  defaultBlockStorage(volume);
}

export function defaultClaimSpec(spec: PersistentVolumeClaimSpec): void {
  spec.volumeMode ??= "Filesystem";
  spec.resources ??= {};
  normalizeAmounts(spec.resources.limits);
  normalizeAmounts(spec.resources.requests);
}

function hasType(volume: Volume): boolean {
  for (const field in volume) if (field !== "name" && volume[field as keyof Volume] != null) return true;
  return false;
}

function defaultFiles(
  items: NonNullable<Volume["downwardAPI"]>["items"] = [],
  defaultFieldRef: (selector: ObjectFieldSelector) => void,
): void {
  for (const { fieldRef, resourceFieldRef } of items) {
    if (fieldRef) defaultFieldRef(fieldRef);
    if (resourceFieldRef) defaultDivisor(resourceFieldRef);
  }
}

/** Of a pod's volume or of one that is an object of its own. */
export function defaultBlockStorage({ iscsi, rbd, azureDisk, scaleIO }: BlockStorage): void {
  if (iscsi) iscsi.iscsiInterface ||= "default";
  if (rbd) {
    rbd.pool ||= "rbd";
    rbd.user ||= "admin";
    rbd.keyring ||= "/etc/ceph/keyring";
  }
  if (azureDisk) {
    azureDisk.cachingMode ??= "ReadWrite";
    azureDisk.kind ??= "Shared";
    azureDisk.fsType ??= "ext4";
    azureDisk.readOnly ??= false;
  }
  if (scaleIO) {
    scaleIO.storageMode ||= "ThinProvisioned";
    scaleIO.fsType ||= "xfs";
  }
}
