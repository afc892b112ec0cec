/** Changes in CEL that are made to objects where a binding says so. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import type { MutatingAdmissionPolicy } from "../../generated/admissionregistration-v1.ts";
import { defineResource } from "../resource.ts";
import { validateMutations } from "../shared/admission/mutations.ts";
import { reservedNameWarnings } from "../shared/admission/names.ts";
import { paramKindText } from "../shared/admission/params.ts";
import { defaultPolicy, validatePolicyConditions, validateScope } from "../shared/admission/policies.ts";
import { checkMutatingOperations } from "../shared/admission/rules.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";

type Policy = MutatingAdmissionPolicy;

export const mutatingAdmissionPolicy = defineResource<Policy>({
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "MutatingAdmissionPolicy",
  schema: "io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicy",
  plural: "mutatingadmissionpolicies",
  categories: ["api-extensions"],
  scope: "Cluster",
  freeFinalizers: true,
  hasGeneration: true,
  unconditionalUpdate: false,
  metadataOnUpdate: ["whole"],

  defaults(object) {
    defaultPolicy((object.spec ??= {}));
  },

  validate: ({ spec }, errors) => validateSpec(spec ?? {}, undefined, errors.at("spec")),
  validatesOnUpdate: false,
  validateUpdate: ({ spec }, previous, errors) =>
    validateSpec(spec ?? {}, previous.spec ?? {}, errors.at("spec")),
  warnings: reservedNameWarnings,

  columns: [
    nameColumn,
    { name: "Mutations", type: "integer", value: ({ spec }) => spec?.mutations?.length ?? 0 },
    { name: "ParamKind", value: ({ spec }) => paramKindText(spec?.paramKind) },
    ageColumn,
  ],
});

type Spec = NonNullable<Policy["spec"]>;

function validateSpec(spec: Spec, previous: Spec | undefined, errors: FieldErrors): void {
  validateScope(spec, errors);
  checkMutatingOperations(spec.matchConstraints, errors.at("matchConstraints"));
  validatePolicyConditions(spec, previous, errors);
  validateMutations(spec, previous, errors);
}
