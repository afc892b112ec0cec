/** StorageObjectInUseProtection: volumes, claims and classes of attributes stay until nothing uses them; their controllers see to that. */

import { PROTECTION_FINALIZERS } from "@knarr/kinds/shared/persistent-volume/protection.ts";
import type { AdmissionPlugin } from "../plugin.ts";

export const storageObjectInUseProtection: AdmissionPlugin = {
  name: "StorageObjectInUseProtection",
  handles: ["CREATE"],

  mutate(object, { resource: { group, plural }, subresource }) {
    const finalizer = PROTECTION_FINALIZERS.get(group ? `${plural}.${group}` : plural);
    if (!finalizer || subresource !== "") return;
    const finalizers: string[] = (object.metadata.finalizers ??= []);
    if (!finalizers.includes(finalizer)) finalizers.push(finalizer);
  },
};
