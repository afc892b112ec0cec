/** Where a MutatingAdmissionPolicy holds, and with which parameters. */

import type { MutatingAdmissionPolicyBinding } from "../../generated/admissionregistration-v1.ts";
import { defineResource } from "../resource.ts";
import { bindingColumns, validateBindingSpec } from "../shared/admission/bindings.ts";
import { reservedNameWarnings } from "../shared/admission/names.ts";
import { checkMutatingOperations, defaultMatchResources } from "../shared/admission/rules.ts";

export const mutatingAdmissionPolicyBinding = defineResource<MutatingAdmissionPolicyBinding>({
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "MutatingAdmissionPolicyBinding",
  schema: "io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicyBinding",
  plural: "mutatingadmissionpolicybindings",
  categories: ["api-extensions"],
  scope: "Cluster",
  freeFinalizers: true,
  hasGeneration: true,
  unconditionalUpdate: false,
  metadataOnUpdate: ["whole"],

  defaults(object) {
    object.spec ??= {};
    defaultMatchResources(object.spec.matchResources);
  },

  validate({ spec = {} }, errors) {
    const at = errors.at("spec");
    validateBindingSpec(spec, at);
    checkMutatingOperations(spec.matchResources, at.at("matchResources"));
  },
  warnings: reservedNameWarnings,

  columns: bindingColumns,
});
