/** PersistentVolumeClaimResize: a claim may grow only when it is bound and its class says that its volumes can. */

import { persistentVolumeClaim } from "@knarr/kinds/core/persistent-volume-claim.ts";
import type { PersistentVolumeClaim } from "@knarr/kinds/generated/core-v1.ts";
import { compare } from "@knarr/kinds/shared/amounts.ts";
import { storageClassOf } from "@knarr/kinds/shared/persistent-volume/class.ts";
import { storageClass } from "@knarr/kinds/storage/storage-class.ts";
import type { AdmissionPlugin, World } from "../plugin.ts";
import { isFor, refused } from "../refuse.ts";

export const persistentVolumeClaimResize: AdmissionPlugin = {
  name: "PersistentVolumeClaimResize",
  handles: ["UPDATE"],

  validate(claim, request, world) {
    if (!isFor(request, "", persistentVolumeClaim.plural)) return;
    const { previous } = request;
    if (compare(sizeOf(claim), sizeOf(previous)) <= 0) return;
    if (previous.status?.phase !== "Bound")
      throw refused(request, claim, "Only bound persistent volume claims can be expanded");
    if (!canGrow(claim, previous, world))
      throw refused(
        request,
        claim,
        "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize",
      );
  },
};

function sizeOf({ spec }: PersistentVolumeClaim): string {
  return spec?.resources?.requests?.["storage"] ?? "0";
}

function canGrow(claim: PersistentVolumeClaim, previous: PersistentVolumeClaim, world: World): boolean {
  const name = storageClassOf(claim);
  if (!name || name !== storageClassOf(previous)) return false;
  return world.get(storageClass, name)?.allowVolumeExpansion ?? false;
}
