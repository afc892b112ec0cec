/** What a MutatingAdmissionPolicy does to objects. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import type { Mutation, MutatingAdmissionPolicySpec } from "../../../generated/admissionregistration-v1.ts";
import { requireOneOf } from "../values.ts";
import { compileInto, type Compiling, type Known } from "./expressions.ts";
import { expressionSet, validateVariables } from "./policies.ts";
import { REINVOCATION_POLICIES } from "./webhooks.ts";

type Spec = MutatingAdmissionPolicySpec;

/** Each patch type with the field that goes with it, and what its expression must give. */
const patches = {
  ApplyConfiguration: { field: "applyConfiguration", other: "jsonPatch", wants: "configuration" },
  JSONPatch: { field: "jsonPatch", other: "applyConfiguration", wants: "patch" },
} as const;

export function validateMutations(spec: Spec, previous: Spec | undefined, errors: FieldErrors): void {
  const { mutations = [], reinvocationPolicy, paramKind } = spec;
  const variables = validateVariables(spec, errors.at("variables"), { known: undefined });
  const at = errors.at("mutations");
  if (mutations.length === 0) at.required("mutations must contain at least one item");
  const applied = (previous?.mutations ?? []).map(({ applyConfiguration }) => ({ ...applyConfiguration }));
  const shared = {
    variables,
    hasParams: paramKind !== undefined,
    hasAuthorizer: true,
    known: previous && (expressionSet(applied) as Known),
  };
  mutations.forEach((mutation, i) => validateMutation(mutation, shared, at.at(i)));
  requireOneOf(errors.at("reinvocationPolicy"), reinvocationPolicy, REINVOCATION_POLICIES);
}

function validateMutation(mutation: Mutation, shared: Omit<Compiling, "wants">, errors: FieldErrors): void {
  const { patchType } = mutation;
  requireOneOf(errors.at("patchType"), patchType, Object.keys(patches));
  const patch = patches[patchType as keyof typeof patches];
  if (!patch) return;
  const { field, other, wants } = patch;
  const body = mutation[field];
  if (!body) errors.at(field).required(`must be specified when patchType is ${patchType}`);
  else {
    const { expression = "" } = body;
    const at = errors.at(field).at("expression");
    if (expression.trim() === "") at.required();
    else compileInto(at, expression.trim(), { ...shared, wants, hasPatchTypes: true, written: expression });
  }
  if (mutation[other])
    errors.at(other).invalid(`{${other}}`, `must not be specified when patchType is ${patchType}`);
}
