/** One stable address and name for a changing set of pods. */

import type { Service } from "../../generated/core-v1.ts";
import { defineResource } from "../resource.ts";

export const service = defineResource<Service>({
  group: "",
  version: "v1",
  kind: "Service",
  schema: "io.k8s.api.core.v1.Service",
  plural: "services",
  scope: "Namespaced",
  shortNames: ["svc"],
  categories: ["all"],
  hasGeneration: false,
  createOnUpdate: true,
  subresources: { status: true },
});
