/**
 * `x-kubernetes-validations` of a whole schema, run against an object: node by node, each rule with the value that stood there
 * before, all of them on one budget. What is compiled is compiled when a value first stands at its node.
 *
 * A rule that fails on what did not change only warns, unless it looks at the old value itself: then it knows.
 */

import { escapeName } from "@knarr/expressions/escape.ts";
import type { Budget } from "@knarr/expressions/limits.ts";
import { NodeRules, ruleTypeOf } from "@knarr/expressions/rules.ts";
import { type FieldError, FieldErrors } from "@knarr/machinery/field.ts";
import type { JsonObject } from "@knarr/machinery/object.ts";
import type { Correlation } from "./correlation.ts";
import { HAS_RULES } from "./facts.ts";
import type { Structural } from "./structural.ts";
import { NOWHERE } from "./validate.ts";

export interface RulesRun {
  /** Stands at the value. */
  readonly errors: FieldErrors;
  readonly budget: Budget;
  /** The value beside what it replaces, if it replaces anything. */
  readonly before?: Correlation | undefined;
  /** Takes findings about what did not change; without, they are errors like all others. */
  readonly forgiven?: FieldError[];
}

export interface RulesOptions {
  /** Of a whole object, which has a kind and metadata whatever the schema says. */
  readonly isResourceRoot?: boolean;
}

const UNTYPED = "rule compiler initialization error: failed to convert to declType for CEL validation rules";

/** Undefined for a schema without rules that can ever be run. */
export function rulesOf(structural: Structural, options: RulesOptions = {}): Rules | undefined {
  if (!structural.says(HAS_RULES)) return undefined;
  const rules = new Rules(structural, options);
  return rules.isEmpty ? undefined : rules;
}

/** A value on the way through an object. */
interface Visit {
  readonly run: RulesRun;
  readonly errors: FieldErrors;
  /** Undefined where the old value cannot be told. */
  readonly before: Correlation | undefined;
  /** What counts as unchanged with it: the nearest value around that can be told. */
  readonly around: Correlation | undefined;
}

export class Rules {
  readonly #structural: Structural;
  readonly #isResourceRoot: boolean;
  /** Whether rules can see the node: it has a type, and all around it have one. */
  readonly #isTyped: boolean;
  readonly #members = new Map<string, Rules | undefined>();
  #own: NodeRules | undefined;
  #items: Rules | undefined;
  #additional: Rules | undefined;

  constructor(
    structural: Structural,
    { isResourceRoot = structural.isEmbeddedResource, around }: RulesOptions & { around?: Rules } = {},
  ) {
    this.#structural = structural;
    this.#isResourceRoot = isResourceRoot;
    this.#isTyped =
      (!around || around.#isTyped) && ruleTypeOf(structural.props, { isResourceRoot }) !== undefined;
  }

  /** Whether none can ever be run, here or below. */
  get isEmpty(): boolean {
    if (this.#structural.props["x-kubernetes-validations"]?.length) return false;
    const { properties } = this.#structural;
    const members = properties.keys().map((name) => this.#memberOf(name));
    return ![this.#itemsOf(), this.#additionalOf(), ...members].some((rules) => rules && !rules.isEmpty);
  }

  /** Once the budget is spent, a finding has said so and nothing more is run. */
  check(value: unknown, run: RulesRun): void {
    this.#visit(value, { run, errors: run.errors, before: run.before, around: undefined });
  }

  #visit(value: unknown, visit: Visit): void {
    if (value === null || value === undefined) return;
    this.#runOwn(value, visit);
    if (visit.run.budget.isExhausted || typeof value !== "object") return;
    if (Array.isArray(value)) this.#visitItems(value, visit);
    else this.#visitMembers(value as JsonObject, visit);
  }

  #runOwn(value: unknown, visit: Visit): void {
    const { props } = this.#structural;
    const rules = props["x-kubernetes-validations"];
    if (!rules?.length) return;
    if (!this.#isTyped) return visit.errors.invalid(props.type ?? "", UNTYPED);
    this.#own ??= new NodeRules(props, rules, { isResourceRoot: this.#isResourceRoot });
    const { run, before } = visit;
    const found = new FieldErrors(visit.errors.path);
    const ratcheted = () => forgivenAt(visit);
    this.#own.check(value, before?.previous ?? undefined, { errors: found, budget: run.budget, ratcheted });
    for (const finding of found.list) visit.errors.list.push(placed(finding));
  }

  #visitItems(items: readonly unknown[], visit: Visit): void {
    const rules = this.#itemsOf();
    if (!rules) return;
    for (const [index, item] of items.entries()) {
      const before = visit.before?.item(index);
      rules.#visit(item, below(visit, { errors: visit.errors.at(index), before }));
      if (visit.run.budget.isExhausted) return;
    }
  }

  #visitMembers(object: JsonObject, visit: Visit): void {
    const additional = this.#additionalOf();
    if (additional) {
      for (const key in object) {
        const before = visit.before?.member(key);
        additional.#visit(object[key], below(visit, { errors: visit.errors.at([key]), before }));
        if (visit.run.budget.isExhausted) return;
      }
    }
    for (const key in object) {
      const rules = this.#memberOf(key);
      if (!rules) continue;
      const before = visit.before?.member(key);
      rules.#visit(object[key], below(visit, { errors: visit.errors.at(key), before }));
      if (visit.run.budget.isExhausted) return;
    }
  }

  #itemsOf(): Rules | undefined {
    const { items } = this.#structural;
    return items?.says(HAS_RULES) ? (this.#items ??= new Rules(items, { around: this })) : undefined;
  }

  #additionalOf(): Rules | undefined {
    const { additional } = this.#structural;
    if (!additional?.says(HAS_RULES)) return undefined;
    return (this.#additional ??= new Rules(additional, { around: this }));
  }

  /** Undefined for what rules cannot see: nothing is run below it. */
  #memberOf(name: string): Rules | undefined {
    const field = this.#structural.properties.get(name);
    if (!field?.says(HAS_RULES)) return undefined;
    if (!this.#members.has(name)) {
      // A name that cannot be written is on its own, whatever is around it.
      const isSeen = this.#isTyped || escapeName(name) === undefined;
      const rules = new Rules(field);
      this.#members.set(name, isSeen && rules.#isTyped ? rules : undefined);
    }
    return this.#members.get(name);
  }
}

function below({ run, before, around }: Visit, child: Pick<Visit, "errors" | "before">): Visit {
  return { run, ...child, around: before ?? around };
}

/** Where a finding about `visit` goes when its value did not change. */
function forgivenAt({ run, errors, before, around }: Visit): FieldErrors | undefined {
  const { forgiven } = run;
  if (!forgiven || !(before ?? around)?.isUnchanged) return undefined;
  return new FieldErrors(errors.path, forgiven);
}

/** A finding about the object as a whole is about no field. */
function placed(finding: FieldError): FieldError {
  return finding.field === "" ? { ...finding, field: NOWHERE } : finding;
}
