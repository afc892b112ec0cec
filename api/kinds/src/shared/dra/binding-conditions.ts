/** Conditions that must hold before a pod with a device may be bound, and those that say it never will be. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { qualifiedName } from "@knarr/machinery/names.ts";

import { reject } from "../values.ts";
import { checkList } from "./lists.ts";

const MAX = 4;

export function validateBindingConditions(
  {
    bindingConditions: conditions,
    bindingFailureConditions: failures,
  }: { readonly bindingConditions?: string[]; readonly bindingFailureConditions?: string[] },
  errors: FieldErrors,
): void {
  const [at, failuresAt] = [errors.at("bindingConditions"), errors.at("bindingFailureConditions")];
  const check = (name: string, place: FieldErrors) => reject(place, name, qualifiedName(name));
  checkList(conditions, at, { max: MAX, check });
  checkList(failures, failuresAt, { max: MAX, check });

  const seen = new Set<string>();
  (conditions ?? []).forEach((name, i) => {
    if (seen.has(name)) at.at(i).duplicate(name);
    seen.add(name);
  });
  const seenFailures = new Set<string>();
  (failures ?? []).forEach((name, i) => {
    const place = failuresAt.at(i);
    if (seenFailures.has(name)) place.duplicate(name);
    seenFailures.add(name);
    if (seen.has(name))
      place.invalid(name, "bindingFailureConditions must not overlap with bindingConditions");
  });
  if (!conditions?.length && failures?.length)
    at.invalid(conditions ?? null, "bindingConditions are required to use bindingFailureConditions");
  if (!failures?.length && conditions?.length)
    failuresAt.invalid(failures ?? null, "bindingFailureConditions are required to use bindingConditions");
}
