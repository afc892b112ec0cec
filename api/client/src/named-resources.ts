/**
 * Kinds by name alone, for clients that read and write objects and leave their rules to the server: the declarations in
 * @knarr/kinds bring defaults, validation and columns along, and would take 5 to 10 MB of every process of every node.
 */

import type { Lease } from "@knarr/kinds/generated/coordination-v1.ts";
import type {
  ConfigMap,
  Namespace,
  Node,
  Pod,
  Secret,
  Service,
  ServiceAccount,
} from "@knarr/kinds/generated/core-v1.ts";
import type { EndpointSlice } from "@knarr/kinds/generated/discovery-v1.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";

/** Generated types have optional metadata; what comes from the API always has it. */
type Stored<T> = T & ApiObject;

function core<T>(kind: string, plural: string, scope: Resource["scope"] = "Namespaced"): Resource<Stored<T>> {
  return { group: "", version: "v1", kind, plural, scope, schema: `io.k8s.api.core.v1.${kind}` };
}

export const configMaps = core<ConfigMap>("ConfigMap", "configmaps");
export const namespaces = core<Namespace>("Namespace", "namespaces", "Cluster");
export const nodes = core<Node>("Node", "nodes", "Cluster");
export const pods = core<Pod>("Pod", "pods");
export const secrets = core<Secret>("Secret", "secrets");
export const serviceAccounts = core<ServiceAccount>("ServiceAccount", "serviceaccounts");
export const services = core<Service>("Service", "services");

export const endpointSlices: Resource<Stored<EndpointSlice>> = {
  group: "discovery.k8s.io",
  version: "v1",
  kind: "EndpointSlice",
  plural: "endpointslices",
  scope: "Namespaced",
  schema: "io.k8s.api.discovery.v1.EndpointSlice",
};

export const leases: Resource<Stored<Lease>> = {
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  plural: "leases",
  scope: "Namespaced",
  schema: "io.k8s.api.coordination.v1.Lease",
};
