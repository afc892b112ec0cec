/** Where a ValidatingAdmissionPolicy holds, with which parameters, and what follows when it is not kept. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import type { ValidatingAdmissionPolicyBinding } from "../../generated/admissionregistration-v1.ts";
import { defineResource } from "../resource.ts";
import { bindingColumns, validateBindingSpec } from "../shared/admission/bindings.ts";
import { reservedNameWarnings } from "../shared/admission/names.ts";
import { defaultMatchResources } from "../shared/admission/rules.ts";
import { checkOneOf } from "../shared/values.ts";

const ACTIONS = ["Audit", "Deny", "Warn"];

export const validatingAdmissionPolicyBinding = defineResource<ValidatingAdmissionPolicyBinding>({
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "ValidatingAdmissionPolicyBinding",
  schema: "io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding",
  plural: "validatingadmissionpolicybindings",
  categories: ["api-extensions"],
  scope: "Cluster",
  freeFinalizers: true,
  unconditionalUpdate: false,
  metadataOnUpdate: ["whole"],

  defaults(object) {
    object.spec ??= { policyName: "", validationActions: [] };
    defaultMatchResources(object.spec.matchResources);
  },

  validate({ spec }, errors) {
    const at = errors.at("spec");
    validateBindingSpec(spec, at);
    validateActions(spec.validationActions ?? [], at.at("validationActions"));
  },
  warnings: reservedNameWarnings,

  columns: bindingColumns,
});

function validateActions(actions: readonly string[], errors: FieldErrors): void {
  const seen = new Set<string>();
  actions.forEach((action, i) => {
    checkOneOf(errors.at(i), action, ACTIONS);
    if (seen.has(action)) errors.at(i).duplicate(action);
    seen.add(action);
  });
  if (seen.has("Deny") && seen.has("Warn"))
    errors.invalid(
      actions,
      "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)",
    );
  if (seen.size === 0) errors.required("at least one validation action is required");
}
