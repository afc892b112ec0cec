/** What may be done across namespaces, or outside of them. */

import { FieldErrors } from "@knarr/machinery/field.ts";
import { validateLabelSelector } from "@knarr/machinery/label-selector-rules.ts";
import type { ClusterRole } from "../../generated/rbac-v1.ts";
import { defineResource } from "../resource.ts";
import { plainColumns } from "../shared/columns.ts";
import { rbacName, validatePolicyRules } from "../shared/rbac.ts";

export const clusterRole = defineResource<ClusterRole>({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "ClusterRole",
  schema: "io.k8s.api.rbac.v1.ClusterRole",
  plural: "clusterroles",
  scope: "Cluster",
  metadataOnUpdate: ["whole", "change"],
  createOnUpdate: true,
  name: rbacName,
  validatesOnUpdate: false,

  validate: (object, errors) => validateAll(object, errors, { invalidValues: false }),

  /** Selectors with values that were accepted once stay accepted. */
  validateUpdate(object, previous, errors) {
    const before = new FieldErrors();
    for (const selector of selectorsOf(previous)) validateLabelSelector(selector, before);
    validateAll(object, errors, { invalidValues: before.list.length > 0 });
  },

  columns: plainColumns,
});

function selectorsOf({ aggregationRule }: ClusterRole) {
  return aggregationRule?.clusterRoleSelectors ?? [];
}

function validateAll(
  object: ClusterRole,
  errors: FieldErrors,
  options: { readonly invalidValues: boolean },
): void {
  validatePolicyRules(object.rules, errors.at("rules"), { namespaced: false });
  if (!object.aggregationRule) return;
  const at = errors.at("aggregationRule").at("clusterRoleSelectors");
  const selectors = selectorsOf(object);
  if (selectors.length === 0)
    at.required("at least one clusterRoleSelector required if aggregationRule is non-nil");
  for (const [index, selector] of selectors.entries()) {
    const before = errors.list.length;
    validateLabelSelector(selector, at.at(index), options);
    // upstream then builds the selector too, fails again, and shows that it has none
    if (errors.list.length > before) at.at(index).invalid(null, "invalid label selector.");
  }
}
