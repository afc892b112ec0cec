/**
 * `x-kubernetes-validations` of a schema as rules in CEL: whether they compile, and whether they can be afforded. What a rule
 * costs at worst is estimated from the bounds of the schema, times how often its node can occur in one object.
 */

import { STATIC_RULE_LIMIT, STATIC_SCHEMA_LIMIT } from "@knarr/expressions/limits.ts";
import { maxCardinality, NodeRules, ruleTypeOf, type RuleType } from "@knarr/expressions/rules.ts";
import { type FieldError, FieldErrors } from "@knarr/machinery/field.ts";
import type { JsonSchemaProps } from "@knarr/structural/json-schema-props.ts";
import { internalRule } from "./internal-form.ts";

/** What the rules of one schema come to, node after node. */
export class RuleCosts {
  /** Of rules that do not compile or cost too much each: they are told after all else. */
  readonly findings: FieldError[] = [];
  /** The schema is as it was: its rules may each cost what they did. */
  readonly allowsExpensive: boolean;
  #total = 0n;
  #most: { readonly path: string; readonly cost: bigint }[] = [];

  constructor({ allowsExpensive }: { readonly allowsExpensive: boolean }) {
    this.allowsExpensive = allowsExpensive;
  }

  add(path: string, cost: bigint): void {
    this.#total = capped(this.#total + cost);
    if (cost < STATIC_SCHEMA_LIMIT / 100n) return;
    this.#most.push({ path, cost });
    this.#most.sort((a, b) => (a.cost > b.cost ? -1 : a.cost < b.cost ? 1 : 0));
    this.#most.length = Math.min(this.#most.length, MOST_TOLD);
  }

  /** What all rules together cost too much, at the schema. */
  report(errors: FieldErrors): void {
    errors.list.push(...this.findings);
    if (this.#total <= STATIC_SCHEMA_LIMIT) return;
    for (const { path } of this.#most)
      new FieldErrors(path, errors.list).forbidden(
        "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema",
      );
    const what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
    errors.forbidden(overBudget(what, this.#total, STATIC_SCHEMA_LIMIT));
  }
}

const MOST_TOLD = 4;
const MAX_UINT64 = 2n ** 64n - 1n;

function capped(cost: bigint): bigint {
  return cost > MAX_UINT64 ? MAX_UINT64 : cost;
}

/** Where rules stand. */
export interface RulePlace {
  readonly costs: RuleCosts;
  readonly isRoot?: boolean;
  /** How often the node can occur in one object; undefined when only the size of a request bounds it. */
  readonly cardinality: bigint | undefined;
  /** The topmost schema whose parts cannot be told to be the ones that were there before. */
  readonly uncorrelatable?: string | undefined;
  /** Of the nodes above that rules see: whether there are any, and whether all of them can be typed. */
  readonly above?: "typed" | "untyped" | undefined;
}

/** For what lies below `props`, in its items or values (or its fields, which each object has once). */
export function below(place: RulePlace, props: JsonSchemaProps): RulePlace {
  const { cardinality } = place;
  const elements = elementsOf(props);
  const both = cardinality !== undefined && elements !== undefined;
  return {
    ...place,
    isRoot: false,
    cardinality: both ? capped(cardinality * elements) : undefined,
    above: seen(place, props),
  };
}

/** What a rule sees has to be typed, and all around it as far as rules stand there. */
function seen(place: RulePlace, props: JsonSchemaProps): RulePlace["above"] {
  const isSeen = place.above !== undefined || Boolean(props["x-kubernetes-validations"]?.length);
  if (!isSeen) return undefined;
  return place.above === "untyped" || !typeAt(place, props) ? "untyped" : "typed";
}

function typeAt({ isRoot = false }: RulePlace, props: JsonSchemaProps): RuleType | undefined {
  return ruleTypeOf(props, { isResourceRoot: isRoot || props["x-kubernetes-embedded-resource"] === true });
}

function elementsOf({
  type,
  additionalProperties,
  maxProperties,
  maxItems,
}: JsonSchemaProps): bigint | undefined {
  const most =
    type === "array" ? maxItems : type === "object" && additionalProperties != null ? maxProperties : 1;
  return most == null ? undefined : BigInt(Math.max(0, Math.trunc(most)));
}

/** The rules of one node, whose schema is sound. `errors` stands at it. */
export function checkRules(props: JsonSchemaProps, place: RulePlace, errors: FieldErrors): void {
  const rules = props["x-kubernetes-validations"] ?? [];
  if (rules.length === 0) return;
  const at = new FieldErrors(errors.path, place.costs.findings).at("x-kubernetes-validations");
  const isResourceRoot = place.isRoot || props["x-kubernetes-embedded-resource"] === true;
  const type = place.above === "untyped" ? undefined : typeAt(place, props);
  if (!type)
    return at.internal(
      "internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations",
    );
  const { compiled } = new NodeRules(props, rules, { isResourceRoot });
  for (const [i, rule] of compiled.entries()) checkRule(rule, { place, type }, at.at(i));
}

type Compiled = NodeRules["compiled"][number];

function checkRule(
  compiled: Compiled,
  { place, type }: { readonly place: RulePlace; readonly type: RuleType },
  errors: FieldErrors,
): void {
  const { rule, error, messageExpressionError, messageExpressionMaxCost } = compiled;
  const times = place.cardinality ?? maxCardinality(type);
  checkCost("estimated rule cost", capped(compiled.maxCost * times), place, errors.at("rule"));
  if (error) errors.at("rule").invalid(internalRule(rule), error.detail);
  const atMessage = errors.at("messageExpression");
  if (messageExpressionError) atMessage.invalid(internalRule(rule), messageExpressionError.detail);
  else if (rule.messageExpression)
    checkCost("estimated messageExpression cost", messageExpressionMaxCost, place, atMessage);
  if (!compiled.usesOldSelf) {
    if (rule.optionalOldSelf != null)
      errors
        .at("optionalOldSelf")
        .invalid(rule.optionalOldSelf, "may not be set if oldSelf is not used in rule");
  } else if (place.uncorrelatable !== undefined)
    errors
      .at("rule")
      .invalid(
        rule.rule,
        `oldSelf cannot be used on the uncorrelatable portion of the schema within ${place.uncorrelatable}`,
      );
}

function checkCost(what: string, cost: bigint, { costs }: RulePlace, errors: FieldErrors): void {
  if (!costs.allowsExpensive && cost > STATIC_RULE_LIMIT)
    errors.forbidden(overBudget(what, cost, STATIC_RULE_LIMIT));
  costs.add(errors.path, cost);
}

/** How far a cost is over its limit, as precisely as is worth saying. */
function overBudget(what: string, cost: bigint, limit: bigint): string {
  const factor = Number(cost) / Number(limit);
  const times =
    factor > 100 ? "more than 100x" : factor < 1.5 ? `${factor.toFixed(6)}x` : `${factor.toFixed(1)}x`;
  return `${what} exceeds budget by factor of ${times} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}
