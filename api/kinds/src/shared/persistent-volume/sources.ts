/**
 * What a persistent volume is made of: exactly one type, in upstream's order of types. Most are those of a pod's volumes; where a volume
 * outlives pods, its secrets name their namespace.
 */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { dns1123Label, dns1123Subdomain, nameIsDnsLabel, rangeText } from "@knarr/machinery/names.ts";

import type {
  AzureFilePersistentVolumeSource,
  CinderPersistentVolumeSource,
  CSIPersistentVolumeSource,
  GlusterfsPersistentVolumeSource,
  ISCSIPersistentVolumeSource,
  LocalVolumeSource,
  PersistentVolumeSpec,
  SecretReference,
  StorageOSPersistentVolumeSource,
} from "../../../generated/core-v1.ts";
import { backstepProblems } from "../pod/volumes/paths.ts";
import * as network from "../pod/volumes/network.ts";
import * as retired from "../pod/volumes/retired.ts";
import { validateHostPath } from "../pod/volumes/host-path.ts";
import { reject, requireText } from "../values.ts";

interface SourceType {
  readonly field: keyof PersistentVolumeSpec & string;
  /** Where findings about it stand, when upstream names the field otherwise there. */
  readonly shown?: string;
  /** The same for "more than one type". */
  readonly shownTwice?: string;
  /** Upstream forgets to ask whether there is another type already. */
  readonly passesTwice?: true;
  validate(source: any, errors: FieldErrors, name: string): void;
}

const types: readonly SourceType[] = [
  { field: "hostPath", validate: validateHostPath },
  { field: "gcePersistentDisk", shown: "persistentDisk", validate: network.validateGcePersistentDisk },
  { field: "awsElasticBlockStore", validate: network.validateAwsElasticBlockStore },
  { field: "glusterfs", validate: validateGlusterfs },
  { field: "flocker", validate: retired.validateFlocker },
  { field: "nfs", validate: network.validateNfs },
  { field: "rbd", validate: retired.validateRbd },
  { field: "quobyte", validate: retired.validateQuobyte },
  { field: "cephfs", shownTwice: "cephFS", validate: retired.validateCephfs },
  { field: "iscsi", validate: validateIscsi },
  { field: "cinder", validate: validateCinder },
  { field: "fc", validate: network.validateFibreChannel },
  { field: "flexVolume", passesTwice: true, validate: network.validateFlexVolume },
  { field: "azureFile", validate: validateAzureFile },
  { field: "vsphereVolume", validate: network.validateVsphereVolume },
  { field: "photonPersistentDisk", validate: retired.validatePhotonPersistentDisk },
  { field: "portworxVolume", validate: network.validatePortworxVolume },
  { field: "azureDisk", validate: network.validateAzureDisk },
  { field: "scaleIO", validate: retired.validateScaleIo },
  { field: "local", validate: validateLocal },
  { field: "storageos", validate: validateStorageos },
  { field: "csi", validate: validateCsi },
];

/** `name` is the volume's. */
export function validateSources(spec: PersistentVolumeSpec, errors: FieldErrors, name: string): void {
  let found = false;
  for (const { field, shown, shownTwice, passesTwice, validate } of types) {
    const source = spec[field];
    if (source == null) continue;
    if (found && !passesTwice)
      errors.at(shownTwice ?? field).forbidden("may not specify more than 1 volume type");
    else {
      validate(source, errors.at(shown ?? field), name);
      if (field === "local" && !spec.nodeAffinity)
        errors.at("nodeAffinity").required("Local volume requires node affinity");
    }
    found = true;
  }
  if (!found) errors.required("must specify a volume type");
}

function validateGlusterfs(source: GlusterfsPersistentVolumeSource, errors: FieldErrors): void {
  retired.validateGlusterfs(source, errors);
  const { endpointsNamespace: namespace } = source;
  const at = errors.at("endpointsNamespace");
  if (namespace === "") at.invalid("", "if the endpointnamespace is set, it must be a valid namespace name");
  else if (namespace != null) reject(at, namespace, nameIsDnsLabel(namespace, { generateName: false }));
}

const MAX_INITIATOR_SESSION = 64;

function validateIscsi(source: ISCSIPersistentVolumeSource, errors: FieldErrors, name: string): void {
  const { targetPortal = "", iqn, lun = 0, secretRef, initiatorName } = source;
  requireText(errors.at("targetPortal"), targetPortal);
  if (initiatorName != null && `${name}:${targetPortal}`.length > MAX_INITIATOR_SESSION)
    errors
      .at("targetportal")
      .invalid(
        targetPortal,
        "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.",
      );
  if (!iqn) errors.at("iqn").required();
  else checkInitiator(iqn, errors.at("iqn"));
  if (lun < 0 || lun > 255) errors.at("lun").invalid(lun, rangeText(0, 255));
  if ((source.chapAuthDiscovery || source.chapAuthSession) && !secretRef) errors.at("secretRef").required();
  if (secretRef) requireText(errors.at("secretRef").at("name"), secretRef.name);
  if (initiatorName != null) checkInitiator(initiatorName, errors.at("initiatorname"));
}

function checkInitiator(name: string, errors: FieldErrors): void {
  if (!network.isInitiatorName(name)) errors.invalid(name, "must be valid format");
}

function validateCinder({ volumeID, secretRef }: CinderPersistentVolumeSource, errors: FieldErrors): void {
  requireText(errors.at("volumeID"), volumeID);
  if (secretRef) requireBoth(secretRef, errors.at("secretRef"));
}

function validateAzureFile(source: AzureFilePersistentVolumeSource, errors: FieldErrors): void {
  network.validateAzureFile(source, errors);
  if (source.secretNamespace === "") errors.at("secretNamespace").required();
}

function validateLocal({ path }: LocalVolumeSource, errors: FieldErrors): void {
  if (!path) errors.at("path").required();
  else reject(errors.at("path"), path, backstepProblems(path));
}

function validateStorageos(source: StorageOSPersistentVolumeSource, errors: FieldErrors): void {
  const { secretRef, ...rest } = source;
  retired.validateStorageos(rest, errors);
  if (secretRef) requireBoth(secretRef, errors.at("secretRef"));
}

function requireBoth({ name, namespace }: SecretReference, errors: FieldErrors): void {
  requireText(errors.at("name"), name);
  requireText(errors.at("namespace"), namespace);
}

/** All but nodeStageSecretRef, which upstream does not look at. */
const checkedSecrets = [
  "controllerPublishSecretRef",
  "controllerExpandSecretRef",
  "nodePublishSecretRef",
  "nodeExpandSecretRef",
] as const;

function validateCsi(source: CSIPersistentVolumeSource, errors: FieldErrors): void {
  network.validateDriverName(source.driver, errors.at("driver"));
  requireText(errors.at("volumeHandle"), source.volumeHandle);
  for (const field of checkedSecrets) {
    const secret = source[field];
    if (!secret) continue;
    const at = errors.at(field);
    const { name, namespace } = secret;
    if (!name) at.at("name").required();
    else reject(at.at("name"), name, dns1123Subdomain(name));
    if (!namespace) at.at("namespace").required();
    else reject(at.at("namespace"), namespace, dns1123Label(namespace));
  }
}
