/** Some of the addresses behind a Service. */

import type { EndpointSlice } from "../../generated/discovery-v1.ts";
import { defineResource } from "../resource.ts";

export const endpointSlice = defineResource<EndpointSlice>({
  group: "discovery.k8s.io",
  version: "v1",
  kind: "EndpointSlice",
  schema: "io.k8s.api.discovery.v1.EndpointSlice",
  plural: "endpointslices",
  scope: "Namespaced",
  hasGeneration: true,
});
