/** Who may do what a ClusterRole says everywhere. */

import type { ClusterRoleBinding } from "../../generated/rbac-v1.ts";
import { defineResource } from "../resource.ts";

export const clusterRoleBinding = defineResource<ClusterRoleBinding>({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "ClusterRoleBinding",
  schema: "io.k8s.api.rbac.v1.ClusterRoleBinding",
  plural: "clusterrolebindings",
  scope: "Cluster",
  createOnUpdate: true,
});
