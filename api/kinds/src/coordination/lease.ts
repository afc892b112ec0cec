/** A claim that runs out unless renewed: node heartbeats and leader election. */

import type { Lease } from "../../generated/coordination-v1.ts";
import { defineResource } from "../resource.ts";

export const lease = defineResource<Lease>({
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  schema: "io.k8s.api.coordination.v1.Lease",
  plural: "leases",
  scope: "Namespaced",
  hasGeneration: false,
  createOnUpdate: true,
  unconditionalUpdate: false,
});
