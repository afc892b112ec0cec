/** The rules of metadata that recorded answers touch. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import {
  validateMetadata as validate,
  validateMetadataUpdate as validateChange,
} from "@knarr/machinery/metadata.ts";
import type { ObjectMeta } from "@knarr/machinery/object.ts";

import type { Resource } from "../resource.ts";

export function validateMetadata(metadata: ObjectMeta, errors: FieldErrors, resource: Resource<any>): void {
  // names are generated and answers of cluster-wide kinds have no namespace: the server sees to both before
  const { name = metadata.generateName && `${metadata.generateName}x` } = metadata;
  const known = name ? { ...metadata, name } : metadata;
  validate(known, errors, { namespaced: resource.scope === "Namespaced", name: resource.name });
}

export function validateMetadataUpdate(
  metadata: ObjectMeta,
  previous: ObjectMeta,
  errors: FieldErrors,
): void {
  const resourceVersion = "1"; // conflicts are not played
  const now = { uid: previous.uid, ...metadata, resourceVersion } as ObjectMeta;
  validateChange(now, previous, errors, { namespaced: previous.namespace !== undefined });
}
