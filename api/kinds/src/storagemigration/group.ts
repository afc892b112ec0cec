/** The kinds of storagemigration.k8s.io/v1beta1. */

import { defineGroup } from "../group.ts";
import { storageVersionMigration } from "./storage-version-migration.ts";

export const storagemigration = defineGroup({
  group: "storagemigration.k8s.io",
  version: "v1beta1",
  isOffByDefault: true,
  resources: [storageVersionMigration],
});
