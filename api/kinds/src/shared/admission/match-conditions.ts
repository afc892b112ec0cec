/** Conditions in CEL that narrow down which requests a webhook or policy is asked about. */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import { qualifiedName } from "@knarr/machinery/names.ts";
import type { MatchCondition } from "../../../generated/admissionregistration-v1.ts";
import { reject } from "../values.ts";
import { compileInto, type Known } from "./expressions.ts";

const MOST = 64;

export interface ConditionOptions {
  /** `params` may be used. */
  readonly hasParams?: boolean;
  /** Expressions that stood there before. */
  readonly known?: Known | undefined;
}

export function validateMatchConditions(
  conditions: readonly MatchCondition[] = [],
  errors: FieldErrors,
  { hasParams = false, known }: ConditionOptions = {},
): void {
  if (conditions.length > MOST) errors.tooMany(conditions.length, MOST);
  const seen = new Set<string>();
  conditions.forEach(({ name, expression }, i) => {
    const at = errors.at(i);
    const text = (expression ?? "").trim();
    if (text === "") at.at("expression").required();
    else compileInto(at.at("expression"), text, { wants: "bool", hasParams, hasAuthorizer: true, known });
    if (!name) return at.at("name").required();
    reject(at.at("name"), name, qualifiedName(name));
    if (seen.has(name)) at.at("name").duplicate(name);
    seen.add(name);
  });
}

export function expressionsOf(conditions: readonly MatchCondition[] | undefined): readonly string[] {
  return (conditions ?? []).map(({ expression }) => expression);
}
