/** What of the cluster and the node a pod's containers are told: given to everything that makes configuration from a spec. */

import type { ConfigMap, Node, Secret, Service } from "@knarr/kinds/generated/core-v1.ts";

export interface Surroundings {
  readonly node: Node;
  readonly hostIPs: readonly string[];
  readonly podIPs: readonly string[];
  /** By `namespace/name`; undefined when it is not there. */
  configMap(key: string): ConfigMap | undefined;
  secret(key: string): Secret | undefined;
  services(namespace: string): readonly Service[];
}
