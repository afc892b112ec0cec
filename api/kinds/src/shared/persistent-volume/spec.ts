/** The rules of a persistent volume's spec, of one that is an object of its own and of one that stands in a VolumeAttachment. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { dns1123Subdomain } from "@knarr/machinery/names.ts";

import type { PersistentVolumeSpec } from "../../../generated/core-v1.ts";
import { amount, canonical } from "../amounts.ts";
import { internalForm } from "../internal/form.ts";
import { validateNodeSelector } from "../pod/affinity.ts";
import { checkOneOf, reject } from "../values.ts";
import { checkVolumeMode, validateAccessModes } from "./modes.ts";
import { validateSources } from "./sources.ts";

const RECLAIM_POLICIES = ["Delete", "Recycle", "Retain"];

export interface SpecOptions {
  /** Of the volume. */
  readonly name: string;
  /** The affinity had values before that no label can have. */
  readonly badNodeAffinityValues?: boolean;
}

export function validateVolumeSpec(
  spec: PersistentVolumeSpec,
  errors: FieldErrors,
  options: SpecOptions,
): void {
  if (!spec.accessModes?.length) errors.at("accessModes").required();
  validateAccessModes(spec.accessModes, errors.at("accessModes"));
  validateCapacity(spec.capacity, errors.at("capacity"));
  const { persistentVolumeReclaimPolicy: policy, storageClassName, volumeMode, nodeAffinity } = spec;
  if (policy) checkOneOf(errors.at("persistentVolumeReclaimPolicy"), policy, RECLAIM_POLICIES);
  if (nodeAffinity?.required)
    validateNodeSelector(nodeAffinity.required, errors.at("nodeAffinity").at("required"), options);
  else if (nodeAffinity)
    errors.at("nodeAffinity").at("required").required("must specify required node constraints");
  validateSources(spec, errors, options.name);
  if (policy === "Recycle" && isRoot(spec.hostPath?.path))
    errors.at("persistentVolumeReclaimPolicy").forbidden("may not be 'recycle' for a hostPath mount of '/'");
  if (storageClassName)
    reject(errors.at("storageClassName"), storageClassName, dns1123Subdomain(storageClassName));
  checkVolumeMode(errors.at("volumeMode"), volumeMode);
  validateAttributesClass(spec, errors);
}

/** The volume of a VolumeAttachment that no PersistentVolume stands for: CSI, and nothing that only claims ask for. */
export function validateInlineVolumeSpec(spec: PersistentVolumeSpec, errors: FieldErrors): void {
  const unwanted = "may not be specified in the context of inline volumes";
  const { persistentVolumeReclaimPolicy: policy, volumeMode } = spec;
  if (spec.claimRef) errors.at("claimRef").forbidden(unwanted);
  if (Object.keys(spec.capacity ?? {}).length) errors.at("capacity").forbidden(unwanted);
  if (!spec.csi) errors.at("csi").required("has to be specified in the context of inline volumes");
  if (!spec.accessModes?.length) errors.at("accessModes").required();
  validateAccessModes(spec.accessModes, errors.at("accessModes"));
  if (policy && policy !== "Retain")
    errors
      .at("persistentVolumeReclaimPolicy")
      .forbidden("may only be Retain in the context of inline volumes");
  if (spec.nodeAffinity) errors.at("nodeAffinity").forbidden(unwanted);
  const { nodeAffinity: _unwanted, ...rest } = spec;
  validateSources(rest, errors, "");
  if (spec.storageClassName) errors.at("storageClassName").forbidden(unwanted);
  if (volumeMode != null && volumeMode !== "Filesystem")
    errors
      .at("volumeMode")
      .forbidden("may not specify volumeMode other than Filesystem in the context of inline volumes");
  validateAttributesClass(spec, errors);
}

function validateCapacity(capacity: PersistentVolumeSpec["capacity"], errors: FieldErrors): void {
  const names = Object.keys(capacity ?? {});
  if (names.length === 0) errors.required();
  if (names.length !== 1 || names[0] !== "storage")
    errors.notSupported(internalForm(capacity, "{}quantity"), ["storage"]);
  for (const name of names) {
    checkBasicAmount(capacity![name]!, errors.at([name]));
    if (amount(capacity![name]!).sign <= 0)
      errors.at([name]).invalid(canonical(capacity![name]!), "must be greater than zero");
  }
}

/** Upstream shows the number here, not the text. */
export function checkBasicAmount(text: string, errors: FieldErrors): void {
  const value = amount(text).scaled(0);
  if (value < 0n) errors.invalid(Number(value), "must be a valid resource quantity");
}

function validateAttributesClass(
  { csi, volumeAttributesClassName: name }: PersistentVolumeSpec,
  errors: FieldErrors,
): void {
  if (name == null) return;
  const at = errors.at("volumeAttributesClassName");
  if (name === "") at.required("an empty string is disallowed");
  else reject(at, name, dns1123Subdomain(name));
  if (!csi) errors.at("csi").required("has to be specified when using volumeAttributesClassName");
}

/** The path cleaned is `/`. */
function isRoot(path: string | undefined): boolean {
  if (!path?.startsWith("/")) return false;
  let depth = 0;
  for (const part of path.split("/")) {
    if (part === "..") depth = Math.max(0, depth - 1);
    else if (part !== "" && part !== ".") depth++;
  }
  return depth === 0;
}
