/** The rules of metadata that hold for every kind, for the kind that is served; and owners that are given twice. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import {
  validateMetadata as validate,
  validateMetadataUpdate as validateChange,
} from "@knarr/machinery/metadata.ts";
import type { ObjectMeta, OwnerReference } from "@knarr/machinery/object.ts";
import { equalJson } from "@knarr/machinery/patch/copy.ts";
import type { Served } from "../registry/served.ts";

export function validateMetadata(
  metadata: ObjectMeta,
  { namespaced, resource }: Served,
  errors: FieldErrors,
): void {
  const { name, freeFinalizers } = resource;
  validate(metadata, errors.at("metadata"), { namespaced, name, freeFinalizers });
}

/** What is wrong with metadata on update, as often as upstream finds it. */
export function validateMetadataUpdate(
  metadata: ObjectMeta,
  previous: ObjectMeta,
  { namespaced, resource }: Served,
  { errors, subresource }: { readonly errors: FieldErrors; readonly subresource: string },
): void {
  const { name, freeFinalizers, metadataOnUpdate } = resource;
  const passes = subresource === "" ? metadataOnUpdate : undefined;
  validateChange(metadata, previous, errors.at("metadata"), { namespaced, name, freeFinalizers, passes });
}

/** The same owner twice becomes one, with upstream's warning. PATCH says so after admission, the others before. */
export function mergeEqualOwners(
  metadata: ObjectMeta,
  warn: (text: string) => void,
  { afterAdmission = false }: { readonly afterAdmission?: boolean } = {},
): void {
  const owners = metadata.ownerReferences;
  if (!owners || owners.length < 2) return;
  const kept: OwnerReference[] = [];
  const doubled: string[] = [];
  for (const owner of owners) {
    if (kept.some((other) => other.uid === owner.uid && equalJson(other, owner))) doubled.push(owner.uid);
    else kept.push(owner);
  }
  if (doubled.length === 0) return;
  metadata.ownerReferences = kept;
  const when = afterAdmission ? " after mutating admission happens" : "";
  warn(
    `.metadata.ownerReferences contains duplicate entries${when}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${doubled.join(", ")}`,
  );
}
