/** What is wrong with the name of a resource and with an amount of it, wherever resources are counted: containers, limit ranges, quotas. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { qualifiedName } from "@knarr/machinery/names.ts";

import { canonical, isNegative, isWhole } from "./amounts.ts";
import {
  isContainerResource,
  isCountedResource,
  isExtendedResource,
  isNativeResource,
  isQuotaResource,
  isStandardResource,
} from "./pod/resource-names.ts";
import { reject } from "./values.ts";

/** Any resource at all. Whether the name may stand. */
export function checkResourceName(name: string, errors: FieldErrors): boolean {
  const problems = qualifiedName(name);
  reject(errors, name, problems);
  if (problems.length) return false;
  if (name.includes("/") || isStandardResource(name)) return true;
  errors.invalid(name, "must be a standard resource type or fully qualified");
  return false;
}

export function checkContainerResourceName(name: string, errors: FieldErrors): void {
  checkResourceName(name, errors);
  if (!name.includes("/")) {
    if (!isContainerResource(name)) errors.invalid(name, "must be a standard resource for containers");
  } else if (!isNativeResource(name) && !isExtendedResource(name)) {
    errors.invalid(name, "doesn't follow extended resource name standard");
  }
}

export function checkQuotaResourceName(name: string, errors: FieldErrors): void {
  checkResourceName(name, errors);
  if (!name.includes("/") && !isQuotaResource(name))
    errors.invalid(name, "must be a standard resource for quota");
}

/** The rule of one amount, whoever has it: not negative, whole where it is counted. */
export function checkAmount(name: string, amount: string, errors: FieldErrors): void {
  if (isNegative(amount)) errors.invalid(canonical(amount), "must be greater than or equal to 0");
  if (isCountedResource(name) && !isWhole(amount)) errors.invalid(canonical(amount), "must be an integer");
}
