/** Volume types whose drivers are gone. Pods that name them are still accepted, with a warning, if the form is right. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { dns1123Label } from "@knarr/machinery/names.ts";

import type {
  CephFSVolumeSource,
  FlockerVolumeSource,
  GlusterfsVolumeSource,
  PhotonPersistentDiskVolumeSource,
  QuobyteVolumeSource,
  RBDVolumeSource,
  ScaleIOVolumeSource,
  StorageOSVolumeSource,
} from "../../../../generated/core-v1.ts";
import { reject, requireText } from "../../values.ts";

export function validateGlusterfs({ endpoints, path }: GlusterfsVolumeSource, errors: FieldErrors): void {
  requireText(errors.at("endpoints"), endpoints);
  requireText(errors.at("path"), path);
}

export function validateFlocker(
  { datasetName, datasetUUID }: FlockerVolumeSource,
  errors: FieldErrors,
): void {
  if (!datasetName && !datasetUUID) errors.required("one of datasetName and datasetUUID is required");
  if (datasetName && datasetUUID)
    errors.invalid("resource", "datasetName and datasetUUID can not be specified simultaneously");
  if (datasetName?.includes("/")) errors.at("datasetName").invalid(datasetName, "must not contain '/'");
}

export function validateRbd({ monitors, image }: RBDVolumeSource, errors: FieldErrors): void {
  if (!monitors?.length) errors.at("monitors").required();
  requireText(errors.at("image"), image);
}

export function validateCephfs({ monitors }: CephFSVolumeSource, errors: FieldErrors): void {
  if (!monitors?.length) errors.at("monitors").required();
}

const PAIRS = "must be a host:port pair or multiple pairs separated by commas";

export function validateQuobyte(
  { registry, tenant, volume }: QuobyteVolumeSource,
  errors: FieldErrors,
): void {
  if (!registry) errors.at("registry").required(PAIRS);
  else if ((tenant?.length ?? 0) >= 65)
    errors.at("tenant").required("must be a UUID and may not exceed a length of 64 characters");
  else
    for (const pair of registry.split(","))
      if (!/^(\[[^\]]*\]|[^:[\]]*):[^:]*$/.test(pair)) errors.at("registry").invalid(registry, PAIRS);
  requireText(errors.at("volume"), volume);
}

export function validatePhotonPersistentDisk(
  { pdID }: PhotonPersistentDiskVolumeSource,
  errors: FieldErrors,
): void {
  requireText(errors.at("pdID"), pdID);
}

export function validateStorageos(source: StorageOSVolumeSource, errors: FieldErrors): void {
  const { volumeName, volumeNamespace, secretRef } = source;
  if (!volumeName) errors.at("volumeName").required();
  else reject(errors.at("volumeName"), volumeName, dns1123Label(volumeName));
  if (volumeNamespace) reject(errors.at("volumeNamespace"), volumeNamespace, dns1123Label(volumeNamespace));
  if (secretRef) requireText(errors.at("secretRef").at("name"), secretRef.name);
}

export function validateScaleIo(
  { gateway, system, volumeName }: ScaleIOVolumeSource,
  errors: FieldErrors,
): void {
  requireText(errors.at("gateway"), gateway);
  requireText(errors.at("system"), system);
  requireText(errors.at("volumeName"), volumeName);
}
