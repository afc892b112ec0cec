/** DefaultStorageClass: a claim that names no class gets the default one, the newest should there be several. */

import { isDefaultStorageClass, storageClass } from "@knarr/kinds/storage/storage-class.ts";
import { BETA_STORAGE_CLASS } from "@knarr/kinds/shared/persistent-volume/class.ts";
import { newestFirst } from "../newest-first.ts";
import type { AdmissionPlugin } from "../plugin.ts";
import { isFor } from "../refuse.ts";

export const defaultStorageClass: AdmissionPlugin = {
  name: "DefaultStorageClass",
  handles: ["CREATE"],

  mutate({ metadata, spec }, request, world) {
    if (!isFor(request, "", "persistentvolumeclaims")) return;
    if (spec.storageClassName != null || metadata.annotations?.[BETA_STORAGE_CLASS] !== undefined) return;
    const [found] = world.list(storageClass).filter(isDefaultStorageClass).sort(newestFirst);
    if (found) spec.storageClassName = found.metadata.name;
  },
};
