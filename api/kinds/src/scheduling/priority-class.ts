/** A named number that says which pods go first. Its generation is 1 for good. */

import type { PriorityClass } from "../../generated/scheduling-v1.ts";
import { defineResource } from "../resource.ts";

export const priorityClass = defineResource<PriorityClass>({
  group: "scheduling.k8s.io",
  version: "v1",
  kind: "PriorityClass",
  schema: "io.k8s.api.scheduling.v1.PriorityClass",
  plural: "priorityclasses",
  scope: "Cluster",
  shortNames: ["pc"],
  hasGeneration: true,
  generationChanged: () => false,
});
