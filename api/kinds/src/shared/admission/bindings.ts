/** What bindings of both sorts of policies have in common. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { nameIsDnsSubdomain } from "@knarr/machinery/names.ts";
import type {
  MutatingAdmissionPolicyBinding,
  MutatingAdmissionPolicyBindingSpec,
} from "../../../generated/admissionregistration-v1.ts";
import type { Column } from "../../resource.ts";
import { ageColumn, nameColumn } from "../columns.ts";
import { reject } from "../values.ts";
import { paramRefText, validateParamRef } from "./params.ts";
import { validateMatchResources } from "./rules.ts";

export function validateBindingSpec(
  { policyName, paramRef, matchResources }: MutatingAdmissionPolicyBindingSpec,
  errors: FieldErrors,
): void {
  const at = errors.at("policyName");
  if (!policyName) at.required();
  else reject(at, policyName, nameIsDnsSubdomain(policyName, { generateName: false }));
  validateParamRef(paramRef, errors.at("paramRef"));
  validateMatchResources(matchResources, errors.at("matchResources"));
}

export const bindingColumns: readonly Column<MutatingAdmissionPolicyBinding>[] = [
  nameColumn,
  { name: "PolicyName", value: ({ spec }) => spec?.policyName ?? "" },
  { name: "ParamRef", value: ({ spec }) => paramRefText(spec?.paramRef) },
  ageColumn,
];
