/**
 * The kinds that the agent asks the API for, by name alone: their rules are the server's business, and a node has no use for the memory
 * they take.
 */

import type { Lease } from "@knarr/kinds/generated/coordination-v1.ts";
import type {
  ConfigMap,
  Node,
  Pod,
  Secret,
  Service,
  ServiceAccount,
} from "@knarr/kinds/generated/core-v1.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";

/** Generated types have optional metadata; what comes from the API always has it. */
type Stored<T> = T & ApiObject;

function core<T>(kind: string, plural: string, scope: Resource["scope"] = "Namespaced"): Resource<Stored<T>> {
  return { group: "", version: "v1", kind, plural, scope, schema: `io.k8s.api.core.v1.${kind}` };
}

export const pods = core<Pod>("Pod", "pods");
export const nodes = core<Node>("Node", "nodes", "Cluster");
export const services = core<Service>("Service", "services");
export const configMaps = core<ConfigMap>("ConfigMap", "configmaps");
export const secrets = core<Secret>("Secret", "secrets");
export const serviceAccounts = core<ServiceAccount>("ServiceAccount", "serviceaccounts");
export const leases: Resource<Stored<Lease>> = {
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  plural: "leases",
  scope: "Namespaced",
  schema: "io.k8s.api.coordination.v1.Lease",
};
