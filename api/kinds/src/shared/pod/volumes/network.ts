/** Volumes on other machines: NFS, iSCSI, Fibre Channel, the clouds, CSI. Mounted by drivers; only the form is checked. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { dns1123Subdomain, rangeText } from "@knarr/machinery/names.ts";

import type {
  AWSElasticBlockStoreVolumeSource,
  AzureDiskVolumeSource,
  AzureFileVolumeSource,
  CinderVolumeSource,
  CSIVolumeSource,
  FCVolumeSource,
  FlexVolumeSource,
  GCEPersistentDiskVolumeSource,
  ISCSIVolumeSource,
  NFSVolumeSource,
  PortworxVolumeSource,
  Volume,
  VsphereVirtualDiskVolumeSource,
} from "../../../../generated/core-v1.ts";
import { checkOneOf, reject, requireText } from "../../values.ts";

export function validateNfs({ server, path = "" }: NFSVolumeSource, errors: FieldErrors): void {
  requireText(errors.at("server"), server);
  requireText(errors.at("path"), path);
  if (!path.startsWith("/")) errors.at("path").invalid(path, "must be an absolute path");
}

export function validateGcePersistentDisk(source: GCEPersistentDiskVolumeSource, errors: FieldErrors): void {
  requireText(errors.at("pdName"), source.pdName);
  checkPartition(source.partition, errors);
}

export function validateAwsElasticBlockStore(
  source: AWSElasticBlockStoreVolumeSource,
  errors: FieldErrors,
): void {
  requireText(errors.at("volumeID"), source.volumeID);
  checkPartition(source.partition, errors);
}

function checkPartition(partition: number | undefined = 0, errors: FieldErrors): void {
  if (partition < 0 || partition > 255) errors.at("partition").invalid(partition, rangeText(1, 255));
}

function checkLun(lun: number, errors: FieldErrors): void {
  if (lun < 0 || lun > 255) errors.at("lun").invalid(lun, rangeText(0, 255));
}

const initiatorForms: readonly (readonly [prefix: string, form: RegExp])[] = [
  ["iqn", /iqn\.\d{4}-\d{2}\.([a-zA-Z0-9\-.]+)(:[^,;*&$|\s]+)$/],
  ["eui", /^eui.[a-zA-Z0-9]{16}$/],
  ["naa", /^naa.[a-zA-Z0-9]{32}$/],
];

export function validateIscsi(source: ISCSIVolumeSource, errors: FieldErrors): void {
  requireText(errors.at("targetPortal"), source.targetPortal);
  if (!source.iqn) errors.at("iqn").required();
  else checkInitiator(source.iqn, errors.at("iqn"));
  checkLun(source.lun ?? 0, errors);
  if ((source.chapAuthDiscovery || source.chapAuthSession) && !source.secretRef)
    errors.at("secretRef").required();
  if (source.initiatorName != null) checkInitiator(source.initiatorName, errors.at("initiatorname"));
}

function checkInitiator(name: string, errors: FieldErrors): void {
  if (isInitiatorName(name)) return;
  const isNear = initiatorForms.some(([prefix]) => name.startsWith(prefix));
  errors.invalid(
    name,
    isNear ? "must be valid format" : "must be valid format starting with iqn, eui, or naa",
  );
}

export function isInitiatorName(name: string): boolean {
  const form = initiatorForms.find(([prefix]) => name.startsWith(prefix))?.[1];
  return form?.test(name) ?? false;
}

export function checkIscsiNames({ name, iscsi }: Volume, errors: FieldErrors): void {
  if (iscsi?.initiatorName != null && `${name}:${iscsi.targetPortal}`.length > 64)
    errors
      .at("name")
      .invalid(
        name,
        "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.",
      );
}

export function validateFibreChannel(
  { targetWWNs = [], wwids = [], lun }: FCVolumeSource,
  errors: FieldErrors,
): void {
  const at = errors.at("targetWWNs");
  if (!targetWWNs.length && !wwids.length)
    at.required("must specify either targetWWNs or wwids, but not both");
  if (targetWWNs.length && wwids.length)
    at.invalid(targetWWNs, "targetWWNs and wwids can not be specified simultaneously");
  if (!targetWWNs.length) return;
  if (lun == null) errors.at("lun").required("lun is required if targetWWNs is specified");
  else checkLun(lun, errors);
}

export function validateCinder({ volumeID, secretRef }: CinderVolumeSource, errors: FieldErrors): void {
  requireText(errors.at("volumeID"), volumeID);
  if (secretRef) requireText(errors.at("secretRef").at("name"), secretRef.name);
}

export function validateFlexVolume({ driver, options = {} }: FlexVolumeSource, errors: FieldErrors): void {
  requireText(errors.at("driver"), driver);
  for (const key of Object.keys(options)) {
    const domain = `.${key.split("/", 1)[0]!.toLowerCase()}`;
    if (domain.endsWith(".kubernetes.io") || domain.endsWith(".k8s.io"))
      errors.at("options").at([key]).invalid(key, "kubernetes.io and k8s.io namespaces are reserved");
  }
}

export function validateAzureFile(
  { secretName, shareName }: AzureFileVolumeSource,
  errors: FieldErrors,
): void {
  requireText(errors.at("secretName"), secretName);
  requireText(errors.at("shareName"), shareName);
}

export function validateAzureDisk(source: AzureDiskVolumeSource, errors: FieldErrors): void {
  const { diskName, diskURI = "", cachingMode, kind } = source;
  requireText(errors.at("diskName"), diskName);
  requireText(errors.at("diskURI"), diskURI);
  checkOneOf(errors.at("cachingMode"), cachingMode, ["None", "ReadOnly", "ReadWrite"]);
  checkOneOf(errors.at("kind"), kind, ["Dedicated", "Managed", "Shared"]);
  if (kind === "Managed" && !diskURI.startsWith("/subscriptions/"))
    errors
      .at("diskURI")
      .notSupported(diskURI, [
        "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}",
      ]);
  if (kind != null && kind !== "Managed" && !diskURI.startsWith("https://"))
    errors
      .at("diskURI")
      .notSupported(diskURI, [
        "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd",
      ]);
}

export function validateVsphereVolume(
  { volumePath }: VsphereVirtualDiskVolumeSource,
  errors: FieldErrors,
): void {
  requireText(errors.at("volumePath"), volumePath);
}

export function validatePortworxVolume({ volumeID }: PortworxVolumeSource, errors: FieldErrors): void {
  requireText(errors.at("volumeID"), volumeID);
}

export function validateCsi(
  { driver, nodePublishSecretRef: secret }: CSIVolumeSource,
  errors: FieldErrors,
): void {
  validateDriverName(driver, errors.at("driver"));
  if (!secret) return;
  if (!secret.name) errors.at("nodePublishSecretRef").at("name").required();
  else reject(errors.at("name"), secret.name, dns1123Subdomain(secret.name));
}

export function validateDriverName(driver: string | undefined, errors: FieldErrors): void {
  if (!driver) return errors.required();
  if (driver.length > 63) errors.tooLong(63);
  reject(errors, driver, dns1123Subdomain(driver.toLowerCase()));
}
