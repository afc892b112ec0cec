/** Volume claims against quotas: their number and the storage they ask for, also by storage class. */

import { Quantity } from "@knarr/machinery/quantity.ts";
import type { PersistentVolumeClaim } from "../../../generated/core-v1.ts";
import { persistentVolumeClaim } from "../../core/persistent-volume-claim.ts";
import { amount } from "../amounts.ts";
import { countName, type Evaluator } from "./evaluator.ts";
import { isSelected } from "./scopes.ts";
import { ONE } from "./usage.ts";

const KIND = "persistentvolumeclaims";
const COUNT = countName(KIND);
const STORAGE = "requests.storage";
const BY_CLASS = ".storageclass.storage.k8s.io/";

export const volumeClaims: Evaluator<PersistentVolumeClaim> = {
  kind: KIND,
  reads: [persistentVolumeClaim],

  mayTrack: (name) =>
    [COUNT, KIND, STORAGE].includes(name) || [KIND, STORAGE].some((one) => name.endsWith(BY_CLASS + one)),

  usage(claim) {
    const usage: Record<string, Quantity> = { [COUNT]: ONE, [KIND]: ONE };
    const storage = storageOf(claim);
    if (storage) usage[STORAGE] = storage;
    const className = classOf(claim);
    if (className)
      for (const name of [KIND, STORAGE]) if (usage[name]) usage[className + BY_CLASS + name] = usage[name];
    return usage;
  },

  isIn: (claim, scope) =>
    scope.scopeName === "VolumeAttributesClass" && isSelected(scope, attributeClasses(claim)),
  isCharged: ({ subresource, previous }) => subresource === "" || (subresource === "status" && !!previous),
};

/** In whole bytes; while it grows, what was allocated already if that is more. */
function storageOf({ spec, status }: PersistentVolumeClaim): Quantity | undefined {
  const requested = spec?.resources?.requests?.storage;
  const allocated = status?.allocatedResources?.storage;
  if (requested === undefined) return undefined;
  const wanted = whole(amount(requested));
  return allocated !== undefined && amount(allocated).compare(wanted) > 0 ? whole(amount(allocated)) : wanted;
}

function whole(quantity: Quantity): Quantity {
  return quantity.isWhole ? quantity : new Quantity(quantity.scaled(0), 0, quantity.format);
}

function classOf({ metadata, spec }: PersistentVolumeClaim): string | undefined {
  return metadata.annotations?.["volume.beta.kubernetes.io/storage-class"] ?? spec?.storageClassName;
}

function attributeClasses({ spec, status }: PersistentVolumeClaim): readonly string[] {
  const names = [
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ];
  return [...new Set(names.filter((name) => !!name))] as string[];
}
