/** Volumes whose claim is made with the pod and goes with it. The rules of the claim are those of any claim. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { validateLabelSelector } from "@knarr/machinery/label-selector-rules.ts";
import { validateLabels } from "@knarr/machinery/metadata.ts";
import { dns1123Subdomain, nameIsDnsLabel, qualifiedName } from "@knarr/machinery/names.ts";

import type {
  EphemeralVolumeSource,
  PersistentVolumeClaimSpec,
  TypedObjectReference,
} from "../../../../generated/core-v1.ts";
import type { ObjectMeta } from "../../../../generated/meta.ts";
import { amount, canonical } from "../../amounts.ts";
import { equivalent } from "../../equality.ts";
import { checkVolumeMode, validateAccessModes } from "../../persistent-volume/modes.ts";
import { reject } from "../../values.ts";

export function validateEphemeral({ volumeClaimTemplate }: EphemeralVolumeSource, errors: FieldErrors): void {
  const at = errors.at("volumeClaimTemplate");
  if (!volumeClaimTemplate) return at.required();
  validateTemplateMetadata(volumeClaimTemplate.metadata, at.at("metadata"));
  validateClaimSpec(volumeClaimTemplate.spec ?? {}, at.at("spec"));
}

/** Metadata of what is made from a template: labels and annotations, and nothing that would be lost. */
export function validateTemplateMetadata(metadata: ObjectMeta = {}, errors: FieldErrors): void {
  const { annotations, labels, ...others } = metadata;
  for (const key of Object.keys(annotations ?? {}))
    reject(errors.at("annotations"), key, qualifiedName(key.toLowerCase()));
  validateLabels(labels, errors.at("labels"));
  for (const [field, value] of Object.entries(others))
    if (!equivalent(value, undefined)) errors.at(field === "uid" ? "uID" : field).forbidden("cannot be set");
}

/** What a claim may keep since it had it before. */
export interface ClaimLeniency {
  readonly badSelectorValues?: boolean;
  readonly badSourceGroup?: boolean;
}

export function validateClaimSpec(
  spec: PersistentVolumeClaimSpec,
  errors: FieldErrors,
  { badSelectorValues = false, badSourceGroup = false }: ClaimLeniency = {},
): void {
  const { selector, storageClassName, volumeMode, dataSource, dataSourceRef, volumeAttributesClassName } =
    spec;
  if (!spec.accessModes?.length) errors.at("accessModes").required("at least 1 access mode is required");
  validateLabelSelector(selector, errors.at("selector"), { invalidValues: badSelectorValues });
  validateAccessModes(spec.accessModes, errors.at("accessModes"));
  validateStorageRequest(spec.resources?.requests?.storage, errors.at("resources").at(["storage"]));
  if (storageClassName)
    reject(errors.at("storageClassName"), storageClassName, dns1123Subdomain(storageClassName));
  checkVolumeMode(errors.at("volumeMode"), volumeMode);
  if (dataSource) validateDataSource(dataSource, errors.at("dataSource"), badSourceGroup);
  if (dataSourceRef) validateDataSource(dataSourceRef, errors.at("dataSourceRef"), badSourceGroup);
  if (dataSource && dataSourceRef) validateSameSource(spec, errors);
  if (volumeAttributesClassName)
    reject(
      errors.at("volumeAttributesClassName"),
      volumeAttributesClassName,
      dns1123Subdomain(volumeAttributesClassName),
    );
}

function validateStorageRequest(storage: string | undefined, errors: FieldErrors): void {
  if (storage === undefined) errors.required();
  else if (amount(storage).sign <= 0) errors.invalid(canonical(storage), "must be greater than zero");
}

function validateDataSource(
  { name, kind, apiGroup, namespace }: TypedObjectReference,
  errors: FieldErrors,
  badGroup: boolean,
): void {
  if (!name) errors.at("name").required();
  if (!kind) errors.at("kind").required();
  if (!apiGroup && kind !== "PersistentVolumeClaim")
    errors.invalid(kind ?? "", "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
  if (apiGroup && !badGroup) reject(errors.at("apiGroup"), apiGroup, dns1123Subdomain(apiGroup));
  if (namespace)
    reject(errors.at("namespace"), namespace, nameIsDnsLabel(namespace, { generateName: false }));
}

/** Upstream quotes the path where the value should stand. */
function validateSameSource(
  { dataSource, dataSourceRef }: PersistentVolumeClaimSpec,
  errors: FieldErrors,
): void {
  if (dataSourceRef!.namespace)
    errors.invalid({}, "may not be specified when dataSourceRef.namespace is specified");
  else if (!equivalent(dataSource, dataSourceRef)) errors.invalid({}, "must match dataSourceRef");
}
