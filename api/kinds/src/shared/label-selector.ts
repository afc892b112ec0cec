/** What may be wrong with labels and label selectors inside specs. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { selectorOf, type LabelSelector as Query } from "@knarr/machinery/labels.ts";
import { labelValue, qualifiedName } from "@knarr/machinery/names.ts";

import type { LabelSelector } from "../../generated/meta.ts";
import { reject } from "./values.ts";

type Labels = Readonly<Record<string, string>>;

/** Labels, or anything that selects by them; findings name the map, not the key. */
export function validateLabels(labels: Labels | undefined, errors: FieldErrors): void {
  for (const key in labels) {
    reject(errors, key, qualifiedName(key));
    reject(errors, labels[key], labelValue(labels[key]!));
  }
}

export function validateLabelSelector(
  selector: LabelSelector | undefined,
  errors: FieldErrors,
  tolerate: { readonly invalidValues?: boolean } = {},
): void {
  if (!selector) return;
  validateLabels(selector.matchLabels, errors.at("matchLabels"));
  const expressions = errors.at("matchExpressions");
  (selector.matchExpressions ?? []).forEach((expression, i) => {
    const { key, operator, values } = expression;
    const at = expressions.at(i);
    validateSelectorOperator(operator, values ?? [], at);
    reject(at.at("key"), key ?? "", qualifiedName(key ?? ""));
    if (!tolerate.invalidValues) validateSelectorValues(values ?? [], at);
  });
}

function validateSelectorOperator(operator: string, values: readonly string[], errors: FieldErrors): void {
  switch (operator) {
    case "In":
    case "NotIn":
      if (!values.length)
        errors.at("values").required("must be specified when `operator` is 'In' or 'NotIn'");
      break;
    case "Exists":
    case "DoesNotExist":
      if (values.length)
        errors.at("values").forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      break;
    default:
      errors.at("operator").invalid(operator ?? "", "not a valid selector operator");
  }
}

export function validateSelectorValues(values: readonly string[], errors: FieldErrors): void {
  values.forEach((value, i) => reject(errors.at("values").at(i), value, labelValue(value)));
}

/** Values of older objects may be invalid; an update that did not bring them in must not fail for them. */
export function hasInvalidValue(selector: LabelSelector | undefined): boolean {
  return (selector?.matchExpressions ?? []).some(({ values = [] }) =>
    values.some((value) => labelValue(value).length > 0),
  );
}

/** The selector as something to match with; undefined when it makes no sense (which has been reported field by field). */
export function queryOf(selector: LabelSelector | undefined): Query | undefined {
  try {
    return selectorOf(selector);
  } catch {
    return undefined; // a SyntaxError is the answer here
  }
}

export function isEmptySelector(selector: LabelSelector): boolean {
  return !selector.matchExpressions?.length && !Object.keys(selector.matchLabels ?? {}).length;
}
