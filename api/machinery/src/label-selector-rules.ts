/** What is wrong with a LabelSelector in a manifest, in upstream's words. */

import type { FieldErrors } from "./field.ts";
import type { LabelSelectorFields } from "./labels.ts";
import { validateLabels } from "./metadata.ts";
import { labelValue, qualifiedName } from "./names.ts";

export interface SelectorOptions {
  /** Values that stood there before stay allowed on update, however bad. */
  readonly invalidValues?: boolean;
  /** Access reviews pass on operators that they do not know. */
  readonly allowUnknownOperators?: boolean;
}

export function validateLabelSelector(
  selector: LabelSelectorFields | null | undefined,
  errors: FieldErrors,
  options: SelectorOptions = {},
): void {
  if (!selector) return;
  validateLabels(selector.matchLabels, errors.at("matchLabels"));
  for (const [index, requirement] of (selector.matchExpressions ?? []).entries())
    validateRequirement(requirement, errors.at("matchExpressions").at(index), options);
}

export function validateRequirement(
  { key = "", operator = "", values = [] }: NonNullable<LabelSelectorFields["matchExpressions"]>[number],
  errors: FieldErrors,
  options: SelectorOptions = {},
): void {
  validateOperator(operator, values, errors, options);
  for (const problem of qualifiedName(key)) errors.at("key").invalid(key, problem);
  if (options.invalidValues) return;
  validateSelectorValues(values, errors);
}

export function validateSelectorValues(values: readonly string[], errors: FieldErrors): void {
  for (const [index, value] of values.entries())
    for (const problem of labelValue(value)) errors.at("values").at(index).invalid(value, problem);
}

/** The rule that label and field requirements share: which operators take values. */
export function validateOperator(
  operator: string,
  values: readonly string[],
  errors: FieldErrors,
  { allowUnknownOperators = false }: SelectorOptions,
): void {
  switch (operator) {
    case "In":
    case "NotIn":
      if (values.length === 0)
        errors.at("values").required("must be specified when `operator` is 'In' or 'NotIn'");
      return;
    case "Exists":
    case "DoesNotExist":
      if (values.length > 0)
        errors.at("values").forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      return;
    default:
      if (!allowUnknownOperators) errors.at("operator").invalid(operator, "not a valid selector operator");
  }
}

/** Whether `selector` holds values that would be refused today: an update that did not bring them in must not fail for them. */
export function hasInvalidValues(selector: LabelSelectorFields | null | undefined): boolean {
  return (selector?.matchExpressions ?? []).some(({ values = [] }) =>
    values.some((value) => labelValue(value).length > 0),
  );
}
