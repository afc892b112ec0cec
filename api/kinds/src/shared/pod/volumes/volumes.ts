/** The volumes of a pod: exactly one type each, in upstream's order of types. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { dns1123Label, dns1123Subdomain } from "@knarr/machinery/names.ts";

import type { Volume } from "../../../../generated/core-v1.ts";
import { isNegative } from "../../amounts.ts";
import { reject } from "../../values.ts";
import type { PodContext } from "../context.ts";
import { validateDownwardApi } from "./downward-api.ts";
import { validateEphemeral } from "./ephemeral.ts";
import { validateConfigMap, validateSecret } from "./files.ts";
import { validateHostPath } from "./host-path.ts";
import * as network from "./network.ts";
import { relativePathProblems } from "./paths.ts";
import { validateProjected } from "./projected.ts";
import * as retired from "./retired.ts";

interface VolumeType {
  readonly field: keyof Volume & string;
  /** Where findings about it stand, when upstream names the field otherwise there. */
  readonly shown?: string;
  /** The same for "more than one type". */
  readonly shownTwice?: string;
  validate(source: any, errors: FieldErrors, context: PodContext, volume: Volume): void;
}

const types: readonly VolumeType[] = [
  { field: "hostPath", validate: validateHostPath },
  { field: "gitRepo", validate: validateGitRepo },
  { field: "gcePersistentDisk", shown: "persistentDisk", validate: network.validateGcePersistentDisk },
  { field: "awsElasticBlockStore", validate: network.validateAwsElasticBlockStore },
  { field: "secret", validate: validateSecret },
  { field: "nfs", validate: network.validateNfs },
  { field: "iscsi", validate: network.validateIscsi },
  { field: "glusterfs", validate: retired.validateGlusterfs },
  { field: "flocker", validate: retired.validateFlocker },
  { field: "persistentVolumeClaim", validate: validateClaim },
  { field: "rbd", validate: retired.validateRbd },
  { field: "cinder", validate: network.validateCinder },
  { field: "cephfs", shownTwice: "cephFS", validate: retired.validateCephfs },
  { field: "quobyte", validate: retired.validateQuobyte },
  { field: "downwardAPI", shownTwice: "downwarAPI", validate: validateDownwardApi },
  { field: "fc", validate: network.validateFibreChannel },
  { field: "flexVolume", validate: network.validateFlexVolume },
  { field: "configMap", validate: validateConfigMap },
  { field: "azureFile", validate: network.validateAzureFile },
  { field: "vsphereVolume", validate: network.validateVsphereVolume },
  { field: "photonPersistentDisk", validate: retired.validatePhotonPersistentDisk },
  { field: "portworxVolume", validate: network.validatePortworxVolume },
  { field: "azureDisk", validate: network.validateAzureDisk },
  { field: "storageos", validate: retired.validateStorageos },
  { field: "projected", validate: validateProjected },
  { field: "scaleIO", validate: retired.validateScaleIo },
  { field: "csi", validate: network.validateCsi },
  { field: "ephemeral", validate: validateEphemeral },
  { field: "image", validate: validateImage },
];

/** Fills `context.volumes` with the volumes that are without a fault. */
export function validateVolumes(volumes: readonly Volume[], errors: FieldErrors, context: PodContext): void {
  const made = claimsMade(volumes, context.meta?.name);
  volumes.forEach((volume, i) => {
    const at = errors.at(i);
    const before = errors.list.length;
    validateSource(volume, at, context);
    if (!volume.name) at.at("name").required();
    else reject(at.at("name"), volume.name, dns1123Label(volume.name));
    if (context.volumes.has(volume.name)) at.at("name").duplicate(volume.name);
    if (errors.list.length === before) context.volumes.set(volume.name, volume);
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim !== undefined && made.has(claim))
      at.at("persistentVolumeClaim")
        .at("claimName")
        .invalid(claim, "must not reference a PVC that gets created for an ephemeral volume");
  });
}

/** Ephemeral volumes get claims named after pod and volume. */
function claimsMade(volumes: readonly Volume[], pod: string | undefined): ReadonlySet<string> {
  return new Set(pod ? volumes.filter(({ ephemeral }) => ephemeral).map(({ name }) => `${pod}-${name}`) : []);
}

function validateSource(volume: Volume, errors: FieldErrors, context: PodContext): void {
  let found = volume.emptyDir != null;
  const limit = volume.emptyDir?.sizeLimit;
  if (limit != null && isNegative(limit))
    errors.at("emptyDir").at("sizeLimit").forbidden("SizeLimit field must be a valid resource quantity");
  for (const { field, shown, shownTwice, validate } of types) {
    const source = volume[field];
    if (source == null) continue;
    if (found) errors.at(shownTwice ?? field).forbidden("may not specify more than 1 volume type");
    else {
      validate(source, errors.at(shown ?? field), context, volume);
      if (field === "ephemeral") checkClaimName(volume, errors, context);
    }
    found = true;
    if (field === "iscsi") network.checkIscsiNames(volume, errors);
  }
  if (!found) errors.required("must specify a volume type");
}

function checkClaimName({ name }: Volume, errors: FieldErrors, { meta }: PodContext): void {
  if (!meta?.name || !name) return;
  const claim = `${meta.name}-${name}`;
  for (const problem of dns1123Subdomain(claim))
    errors.at("name").invalid(name, `PVC name ${JSON.stringify(claim)}: ${problem}`);
}

function validateGitRepo(
  { repository, directory = "" }: NonNullable<Volume["gitRepo"]>,
  errors: FieldErrors,
): void {
  if (!repository) errors.at("repository").required();
  reject(errors.at("directory"), directory, relativePathProblems(directory));
}

function validateClaim(
  { claimName }: NonNullable<Volume["persistentVolumeClaim"]>,
  errors: FieldErrors,
): void {
  if (!claimName) errors.at("claimName").required();
}

function validateImage(
  { reference, pullPolicy }: NonNullable<Volume["image"]>,
  errors: FieldErrors,
  { isPod }: PodContext,
): void {
  if (isPod && !reference) errors.at("reference").required();
  if (!pullPolicy) errors.at("pullPolicy").required();
  else if (!pullPolicies.includes(pullPolicy)) errors.at("pullPolicy").notSupported(pullPolicy, pullPolicies);
}

export const pullPolicies = ["Always", "IfNotPresent", "Never"];
