/** What may be done within one namespace. */

import type { Role } from "../../generated/rbac-v1.ts";
import { defineResource } from "../resource.ts";
import { plainColumns } from "../shared/columns.ts";
import { rbacName, validatePolicyRules } from "../shared/rbac.ts";

export const role = defineResource<Role>({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "Role",
  schema: "io.k8s.api.rbac.v1.Role",
  plural: "roles",
  scope: "Namespaced",
  metadataOnUpdate: ["whole", "change"],
  createOnUpdate: true,
  name: rbacName,

  validate({ rules }, errors) {
    validatePolicyRules(rules, errors.at("rules"), { namespaced: true });
  },

  columns: plainColumns,
});
