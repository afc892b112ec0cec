/** The kinds of rbac.authorization.k8s.io/v1. */

import { defineGroup } from "../group.ts";
import { role } from "./role.ts";
import { clusterRole } from "./cluster-role.ts";
import { roleBinding } from "./role-binding.ts";
import { clusterRoleBinding } from "./cluster-role-binding.ts";

export const rbac = defineGroup({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  resources: [role, clusterRole, roleBinding, clusterRoleBinding],
});
