/** VAC protection: a VolumeAttributesClass stays for as long as a volume or a claim has it or is to get it. */

import { defineIndex } from "@knarr/client/cache.ts";
import { persistentVolume } from "@knarr/kinds/core/persistent-volume.ts";
import { persistentVolumeClaim } from "@knarr/kinds/core/persistent-volume-claim.ts";
import type { PersistentVolume, PersistentVolumeClaim } from "@knarr/kinds/generated/core-v1.ts";
import type { VolumeAttributesClass } from "@knarr/kinds/generated/storage-v1.ts";
import { volumeAttributesClass } from "@knarr/kinds/storage/volume-attributes-class.ts";
import { protectionController } from "../protection.ts";

const volumesByClass = defineIndex<PersistentVolume>({
  name: "volumes by attributes class",
  of: persistentVolume,
  values: classesOfVolume,
});
const claimsByClass = defineIndex<PersistentVolumeClaim>({
  name: "claims by attributes class",
  of: persistentVolumeClaim,
  values: classesOfClaim,
});

export const vacProtectionController = protectionController<VolumeAttributesClass>({
  name: "volumeattributesclass-protection",
  for: volumeAttributesClass,
  watches: [
    { resource: persistentVolume, wakes: (volume, _, previous) => classesOfVolume(previous ?? volume) },
    { resource: persistentVolumeClaim, wakes: (claim, _, previous) => classesOfClaim(previous ?? claim) },
  ],
  indexes: [volumesByClass, claimsByClass],

  isUsed: ({ metadata: { name = "" } }, { cache }) =>
    cache.by(volumesByClass, name).length > 0 || cache.by(claimsByClass, name).length > 0,
});

function classesOfVolume({ spec }: PersistentVolume): string[] {
  return [spec?.volumeAttributesClassName ?? ""].filter(Boolean);
}

function classesOfClaim({ spec, status }: PersistentVolumeClaim): string[] {
  const names = [
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ];
  return names.filter((name): name is string => Boolean(name));
}
