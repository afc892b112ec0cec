/** The kinds of internal.apiserver.k8s.io/v1alpha1. */

import { defineGroup } from "../group.ts";
import { storageVersion } from "./storage-version.ts";

export const apiserverinternal = defineGroup({
  group: "internal.apiserver.k8s.io",
  version: "v1alpha1",
  isOffByDefault: true,
  resources: [storageVersion],
});
