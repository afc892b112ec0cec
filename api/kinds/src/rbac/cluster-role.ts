/** What may be done across namespaces, or outside of them. */

import type { ClusterRole } from "../../generated/rbac-v1.ts";
import { defineResource } from "../resource.ts";

export const clusterRole = defineResource<ClusterRole>({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "ClusterRole",
  schema: "io.k8s.api.rbac.v1.ClusterRole",
  plural: "clusterroles",
  scope: "Cluster",
  createOnUpdate: true,
});
