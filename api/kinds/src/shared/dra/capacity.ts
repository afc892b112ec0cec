/** How much of a device's capacity may be asked for at once: of a list of amounts, or a range in steps. */

import type { FieldErrors } from "@knarr/machinery/field.ts";

import type {
  CapacityRequestPolicy,
  CapacityRequestPolicyRange,
  DeviceCapacity,
} from "../../../generated/resource-v1.ts";
import { add, amount, canonical, compare } from "../amounts.ts";
import { checkSet } from "./lists.ts";

const MAX_OPTIONS = 10;

export function validateCapacity(
  { value, requestPolicy: policy }: DeviceCapacity,
  errors: FieldErrors,
  { isShared }: { readonly isShared: boolean },
): void {
  if (!policy) return;
  const at = errors.at("requestPolicy");
  if (!isShared) at.forbidden("allowMultipleAllocations must be true");
  else validatePolicy(policy, value ?? "0", at);
}

function validatePolicy(
  { default: fallback, validValues, validRange }: CapacityRequestPolicy,
  capacity: string,
  errors: FieldErrors,
): void {
  if (validValues?.length && validRange)
    errors.forbidden(
      'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time',
    );
  else if (validValues?.length) {
    if (fallback == null) errors.at("default").required("required when validValues is defined");
    else validateValues(validValues, { fallback, capacity }, errors.at("validValues"));
  } else if (validRange) {
    if (fallback == null) errors.at("default").required("required when validRange is defined");
    else validateRange(validRange, { fallback, capacity }, errors.at("validRange"));
  }
}

interface Bounds {
  readonly fallback: string;
  readonly capacity: string;
}

function validateValues(
  values: readonly string[],
  { fallback, capacity }: Bounds,
  errors: FieldErrors,
): void {
  for (let i = 1; i < values.length; i++)
    if (compare(values[i - 1]!, values[i]!) > 0)
      errors.at(i).invalid(canonical(values[i]!), "values must be sorted in ascending order");
  checkSet(values, errors, {
    max: MAX_OPTIONS,
    check(value, at) {
      if (compare(value, capacity) > 0)
        at.invalid(canonical(value), `option is larger than capacity value: ${canonical(capacity)}`);
    },
    keyOf: (value) => String(amount(value).scaled(0)),
  });
  const isListed = values.length <= MAX_OPTIONS && values.some((value) => compare(value, fallback) === 0);
  if (!isListed)
    errors.invalid(canonical(fallback), "default value is not valid according to the requestPolicy");
}

function validateRange(
  { min, max, step }: CapacityRequestPolicyRange,
  { fallback, capacity }: Bounds,
  errors: FieldErrors,
): void {
  const minAt = errors.at("min");
  if (min == null) return minAt.required("required when validRange is defined");
  if (compare(min, capacity) > 0)
    minAt.invalid(canonical(min), `min is larger than capacity value: ${canonical(capacity)}`);
  if (compare(fallback, min) < 0)
    minAt.invalid(canonical(fallback), `default is less than min: ${canonical(min)}`);
  if (max != null) validateMax(max, { min, fallback, capacity }, errors.at("max"));
  if (step == null) return;
  const stepAt = errors.at("step");
  const first = add(min, step);
  if (compare(first, capacity) > 0)
    stepAt.invalid(
      canonical(step),
      `one step ${first} is larger than capacity value: ${canonical(capacity)}`,
    );
  for (const value of [fallback, ...(max == null ? [] : [max])])
    if (!isOnStep(value, { min, step }))
      stepAt.invalid(
        canonical(value),
        `value is not a multiple of a given step (${canonical(step)}) from (${canonical(min)})`,
      );
}

function validateMax(
  max: string,
  { min, fallback, capacity }: Bounds & { readonly min: string },
  errors: FieldErrors,
): void {
  if (compare(min, max) > 0) errors.invalid(canonical(min), `min is larger than max: ${canonical(max)}`);
  if (compare(max, capacity) > 0)
    errors.invalid(canonical(max), `max is larger than capacity value: ${canonical(capacity)}`);
  if (compare(fallback, max) > 0)
    errors.invalid(canonical(fallback), `default is more than max: ${canonical(max)}`);
}

/** In whole units. A step of nothing reaches nothing but the minimum. */
function isOnStep(value: string, { min, step }: { readonly min: string; readonly step: string }): boolean {
  const distance = amount(value).scaled(0) - amount(min).scaled(0);
  const unit = amount(step).scaled(0);
  return unit === 0n ? distance === 0n : distance % unit === 0n;
}
