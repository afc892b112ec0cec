/** The kinds of storage.k8s.io/v1, and of v1beta1. */

import { defineGroup } from "../group.ts";
import { csiDriver } from "./csi-driver.ts";
import { csiNode } from "./csi-node.ts";
import { csiStorageCapacity } from "./csi-storage-capacity.ts";
import { storageClass } from "./storage-class.ts";
import { volumeAttachment } from "./volume-attachment.ts";
import { volumeAttributesClass, volumeAttributesClassV1beta1 } from "./volume-attributes-class.ts";

export const storage = defineGroup({
  group: "storage.k8s.io",
  version: "v1",
  resources: [storageClass, csiDriver, csiNode, csiStorageCapacity, volumeAttachment, volumeAttributesClass],
});

export const storageV1beta1 = defineGroup({
  group: "storage.k8s.io",
  version: "v1beta1",
  isOffByDefault: true,
  resources: [volumeAttributesClassV1beta1],
});
