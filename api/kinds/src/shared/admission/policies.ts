/** What both sorts of policies say alike: what they are for, with which parameters and variables. */

import { Composition } from "@knarr/expressions/admission.ts";
import { reportCompileError } from "@knarr/expressions/compile-error.ts";
import { semanticEqual } from "@knarr/machinery/equal.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";
import type {
  MatchCondition,
  MatchResources,
  ParamKind,
  Variable,
} from "../../../generated/admissionregistration-v1.ts";
import { checkOneOf } from "../values.ts";
import type { Known } from "./expressions.ts";
import { validateMatchConditions } from "./match-conditions.ts";
import { validateParamKind } from "./params.ts";
import { defaultMatchResources, validateMatchResources } from "./rules.ts";
import { FAILURE_POLICIES } from "./webhooks.ts";

export interface PolicySpec {
  failurePolicy?: string;
  matchConditions?: MatchCondition[];
  matchConstraints?: MatchResources;
  paramKind?: ParamKind;
  variables?: Variable[];
}

export function defaultPolicy(spec: PolicySpec): void {
  spec.failurePolicy ??= "Fail";
  defaultMatchResources(spec.matchConstraints);
}

/** Everything up to the match conditions. */
export function validateScope(spec: PolicySpec, errors: FieldErrors): void {
  const { failurePolicy, paramKind, matchConstraints } = spec;
  if (failurePolicy == null) errors.at("failurePolicy").required();
  else checkOneOf(errors.at("failurePolicy"), failurePolicy, FAILURE_POLICIES);
  if (paramKind) validateParamKind(paramKind, errors.at("paramKind"));
  const at = errors.at("matchConstraints");
  if (!matchConstraints) return at.required();
  validateMatchResources(matchConstraints, at);
  if (!matchConstraints.resourceRules?.length) at.at("resourceRules").required();
}

/** Conditions that did not change are not looked at again. */
export function validatePolicyConditions(
  spec: PolicySpec,
  previous: PolicySpec | undefined,
  errors: FieldErrors,
): void {
  if (previous && hasSameConditions(spec, previous)) return;
  validateMatchConditions(spec.matchConditions, errors.at("matchConditions"), {
    hasParams: spec.paramKind !== undefined,
    known: previous && expressionSet(previous.matchConditions ?? []),
  });
}

function hasSameConditions(spec: PolicySpec, previous: PolicySpec): boolean {
  return (
    semanticEqual(spec.paramKind, previous.paramKind) &&
    semanticEqual(spec.matchConditions ?? [], previous.matchConditions ?? [])
  );
}

export function expressionSet(list: readonly { readonly expression?: string }[]): Known {
  return new Set(list.map(({ expression = "" }) => expression));
}

const identifier = /^[_a-zA-Z][_a-zA-Z0-9]*$/;
const reserved = new Set(
  "true false null in as break const continue else for function if import let loop package namespace return var void while".split(
    " ",
  ),
);

/** The variables, for the expressions that may use them. */
export function validateVariables(
  { variables = [], paramKind }: PolicySpec,
  errors: FieldErrors,
  { known }: { readonly known: Known | undefined },
): Composition {
  const composition = new Composition();
  variables.forEach(({ name = "", expression = "" }, i) => {
    const at = errors.at(i);
    if (name.trim() === "") at.at("name").required("name is not specified");
    else if (!identifier.test(name) || reserved.has(name))
      at.at("name").invalid(name, "must be a valid CEL identifier");
    if (expression.trim() === "") return at.at("expression").required("expression is not specified");
    const { error } = composition.add(name, expression, {
      hasParams: paramKind !== undefined,
      hasAuthorizer: true,
      age: known?.has(expression) ? "stored" : "new",
    });
    if (error) reportCompileError(error, expression, at.at("expression"));
  });
  return composition;
}
