/** Tolerations of pods, and the effects of taints that they share with nodes. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { labelValue, qualifiedName } from "@knarr/machinery/names.ts";

import type { Toleration } from "../../../generated/core-v1.ts";
import { equivalent } from "../equality.ts";
import { checkOneOf, decimalProblems, reject } from "../values.ts";
import type { Tolerated } from "./tolerated.ts";

export const taintEffects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

export function validateTolerations(
  tolerations: readonly Toleration[],
  errors: FieldErrors,
  tolerated: Tolerated,
): void {
  tolerations.forEach((toleration, i) => {
    const { key = "", operator = "", effect = "", tolerationSeconds } = toleration;
    const at = errors.at(i);
    if (key) reject(at.at("key"), key, qualifiedName(key));
    if (!key && operator !== "Exists")
      at.at("operator").invalid(
        operator,
        'operator must be Exists when `key` is empty, which means "match all values and all keys"',
      );
    if (tolerationSeconds != null && effect !== "NoExecute")
      at.at("effect").invalid(effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
    validateOperator(toleration, at, tolerated);
    if (effect) checkOneOf(at.at("effect"), effect, taintEffects);
  });
}

function validateOperator(
  { operator = "", value = "" }: Toleration,
  errors: FieldErrors,
  tolerated: Tolerated,
): void {
  const at = errors.at("operator");
  switch (operator) {
    case "":
    case "Equal": {
      const problems = labelValue(value);
      if (problems.length) at.invalid(value, problems.join(";"));
      return;
    }
    case "Exists":
      if (value) at.invalid(value, "value must be empty when `operator` is 'Exists'");
      return;
    case "Lt":
    case "Gt":
      if (!tolerated.comparingTolerations) at.notSupported(operator, ["Equal", "Exists", "Lt", "Gt"]);
      else reject(errors.at("value"), value, decimalProblems(value));
      return;
    default:
      at.notSupported(operator, ["Equal", "Exists"]);
  }
}

/** On update: more may be tolerated, nothing less; only how long may change. */
export function validateTolerationsUpdate(
  now: readonly Toleration[],
  before: readonly Toleration[],
  errors: FieldErrors,
  tolerated: Tolerated,
): void {
  const isKept = (old: Toleration): boolean =>
    now.some((toleration) => equivalent(withoutSeconds(toleration), withoutSeconds(old)));
  if (!before.every(isKept)) {
    errors.forbidden("existing toleration can not be modified except its tolerationSeconds");
    return;
  }
  validateTolerations(now, errors, tolerated);
}

function withoutSeconds({ tolerationSeconds: _seconds, ...rest }: Toleration): Toleration {
  return rest;
}
