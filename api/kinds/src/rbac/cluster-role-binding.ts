/** Who may do what a ClusterRole says everywhere. */

import type { ClusterRoleBinding } from "../../generated/rbac-v1.ts";
import { defineResource } from "../resource.ts";
import {
  bindingColumns,
  defaultBinding,
  rbacName,
  validateBinding,
  validateSameRole,
} from "../shared/rbac.ts";

export const clusterRoleBinding = defineResource<ClusterRoleBinding>({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "ClusterRoleBinding",
  schema: "io.k8s.api.rbac.v1.ClusterRoleBinding",
  plural: "clusterrolebindings",
  scope: "Cluster",
  metadataOnUpdate: ["whole", "change"],
  createOnUpdate: true,
  name: rbacName,

  defaults: defaultBinding,
  validate: (object, errors) => validateBinding(object, errors, { namespaced: false }),
  validateUpdate: (object, previous, errors) => validateSameRole(object.roleRef, previous.roleRef, errors),

  columns: bindingColumns,
});
