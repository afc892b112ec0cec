/** A pod to be, kept by itself. */

import type { PodTemplate } from "../../generated/core-v1.ts";
import { defineResource } from "../resource.ts";

export const podTemplate = defineResource<PodTemplate>({
  group: "",
  version: "v1",
  kind: "PodTemplate",
  schema: "io.k8s.api.core.v1.PodTemplate",
  plural: "podtemplates",
  scope: "Namespaced",
  hasGeneration: true,
});
