/**
 * The kinds that the proxy watches, by name alone: their rules are the server's business, and would take 5 MB of every node.
 */

import type { Pod, Service } from "@knarr/kinds/generated/core-v1.ts";
import type { EndpointSlice } from "@knarr/kinds/generated/discovery-v1.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";

/** Generated types have optional metadata; what comes from the API always has it. */
type Stored<T> = T & ApiObject;

export const pods: Resource<Stored<Pod>> = {
  group: "",
  version: "v1",
  kind: "Pod",
  plural: "pods",
  scope: "Namespaced",
  schema: "io.k8s.api.core.v1.Pod",
};

export const services: Resource<Stored<Service>> = {
  group: "",
  version: "v1",
  kind: "Service",
  plural: "services",
  scope: "Namespaced",
  schema: "io.k8s.api.core.v1.Service",
};

export const endpointSlices: Resource<Stored<EndpointSlice>> = {
  group: "discovery.k8s.io",
  version: "v1",
  kind: "EndpointSlice",
  plural: "endpointslices",
  scope: "Namespaced",
  schema: "io.k8s.api.discovery.v1.EndpointSlice",
};
