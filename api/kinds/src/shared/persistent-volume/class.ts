/** Which StorageClass a volume or a claim names. */

import type { ApiObject } from "@knarr/machinery/object.ts";

/** The older way to name a class; it goes before the field. */
export const BETA_STORAGE_CLASS = "volume.beta.kubernetes.io/storage-class";

export function storageClassOf({
  metadata,
  spec,
}: ApiObject & { readonly spec?: { readonly storageClassName?: string } }): string {
  return metadata.annotations?.[BETA_STORAGE_CLASS] ?? spec?.storageClassName ?? "";
}
