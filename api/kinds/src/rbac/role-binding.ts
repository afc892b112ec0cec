/** Who may do what a role says within one namespace. */

import type { RoleBinding } from "../../generated/rbac-v1.ts";
import { defineResource } from "../resource.ts";
import {
  bindingColumns,
  defaultBinding,
  rbacName,
  validateBinding,
  validateSameRole,
} from "../shared/rbac.ts";

export const roleBinding = defineResource<RoleBinding>({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "RoleBinding",
  schema: "io.k8s.api.rbac.v1.RoleBinding",
  plural: "rolebindings",
  scope: "Namespaced",
  metadataOnUpdate: ["whole", "change"],
  createOnUpdate: true,
  name: rbacName,

  defaults: defaultBinding,
  validate: (object, errors) => validateBinding(object, errors, { namespaced: true }),
  validateUpdate: (object, previous, errors) => validateSameRole(object.roleRef, previous.roleRef, errors),

  columns: bindingColumns,
});
