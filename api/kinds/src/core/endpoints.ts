/** The addresses behind a Service, in the old form that EndpointSlice replaces. */

import type { Endpoints } from "../../generated/core-v1.ts";
import { defineResource } from "../resource.ts";

export const endpoints = defineResource<Endpoints>({
  group: "",
  version: "v1",
  kind: "Endpoints",
  schema: "io.k8s.api.core.v1.Endpoints",
  plural: "endpoints",
  scope: "Namespaced",
  singular: "endpoints",
  shortNames: ["ep"],
  createOnUpdate: true,
});
