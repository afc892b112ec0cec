/**
 * `x-kubernetes-validations` of one node of a schema: compiled when first needed, then run against each value that stands
 * there.
 *
 * The tree is the caller's: which nodes have rules, which old value belongs to a new one (lists by key, maps), what was wrong
 * before and may stay so (ratcheting). A node that is not exposed to CEL (`ruleTypeOf` gives none) cannot have rules.
 */

import type { Environment } from "@knarr/cel/environment.ts";
import { jsonValue } from "@knarr/cel/json.ts";
import { NONE, OptionalValue } from "@knarr/cel/optional.ts";
import { BudgetExceeded, EvaluationError, type Activation, type Program } from "@knarr/cel/program.ts";
import { optionalOf } from "@knarr/cel/types.ts";
import { Failure, type CelValue, type Outcome } from "@knarr/cel/values.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";
import { quote } from "@knarr/machinery/quote.ts";
import { kubernetesEnvironment } from "./environment.ts";
import { MAX_MESSAGE_BYTES, PER_CALL_LIMIT, type Budget } from "./limits.ts";
import { compileRule, type CompiledRule } from "./rule-compile.ts";
import { withMetadata, type RuleSchema, type ValidationRule } from "./rule-schema.ts";
import { RuleTypes, ruleTypeOf, sizesOf } from "./rule-types.ts";
import { RuleList, RuleMap, ruleValue } from "./rule-values.ts";

export type { CompiledRule } from "./rule-compile.ts";
export { parseFieldPath, pathText } from "./field-path.ts";
export { maxCardinality, ruleTypeOf, type RuleType } from "./rule-types.ts";

export interface RuleOptions {
  /** The root of a resource: has `apiVersion`, `kind`, `metadata.name` and `metadata.generateName` whatever the schema says. */
  readonly isResourceRoot?: boolean;
}

export interface RuleRun {
  /** Stands at the value's field. */
  readonly errors: FieldErrors;
  /** Shared by all nodes of an object. Once exhausted no more rules must be run. */
  readonly budget: Budget;
  /**
   * Where findings go that were there before: asked only when a rule that does not look at `oldSelf` fails; undefined to take
   * it as an error. A `FieldErrors` with a list of its own makes warnings of them.
   */
  ratcheted?(): FieldErrors | undefined;
}

export class NodeRules {
  readonly #schema: RuleSchema;
  readonly #rules: readonly ValidationRule[];
  readonly #isResourceRoot: boolean;
  #compiled: readonly CompiledRule[] | undefined;

  constructor(
    schema: RuleSchema,
    rules: readonly ValidationRule[],
    { isResourceRoot = false }: RuleOptions = {},
  ) {
    this.#schema = schema;
    this.#rules = rules;
    this.#isResourceRoot = isResourceRoot;
  }

  /** One for each rule, in order. Throws RangeError for a schema that is not exposed. */
  get compiled(): readonly CompiledRule[] {
    return (this.#compiled ??= this.#compile());
  }

  /** Whether any of them looks at the old value. */
  get usesOldSelf(): boolean {
    return this.compiled.some(({ usesOldSelf }) => usesOldSelf);
  }

  /**
   * Runs the rules against `value`. Null has nothing to check. `previous` is the value that it replaces, undefined or null when
   * it replaces none: rules about `oldSelf` that are not `optionalOldSelf` wait for one.
   */
  check(value: unknown, previous: unknown, run: RuleRun): void {
    if (value === null || value === undefined || this.#rules.length === 0) return;
    const { type = "" } = this.#schema;
    if (run.budget.left <= 0) {
      run.errors.invalid(type, OUT_OF_BUDGET);
      run.budget.exhaust();
      return;
    }
    const schema = this.#isResourceRoot ? withMetadata(this.#schema) : this.#schema;
    const hasPrevious = previous !== null && previous !== undefined;
    const self = ruleValue(value, schema);
    const oldSelf = hasPrevious && this.usesOldSelf ? ruleValue(previous, schema) : undefined;
    for (const compiled of this.compiled) {
      const { rule, usesOldSelf } = compiled;
      if (usesOldSelf && !hasPrevious && !rule.optionalOldSelf) continue;
      const plain = { self, oldSelf };
      const variables = rule.optionalOldSelf ? { self, oldSelf: optional(oldSelf) } : plain;
      new Check(compiled, { value, type, variables, plain, run }).go();
      if (run.budget.isExhausted) return;
    }
  }

  #compile(): readonly CompiledRule[] {
    const root = ruleTypeOf(this.#schema, { isResourceRoot: this.#isResourceRoot });
    if (!root) throw new RangeError("failed to convert to declType for CEL validation rules");
    const types = new RuleTypes(root, "selfType");
    const environment = (oldSelf = types.type): Environment =>
      kubernetesEnvironment.extend({ variables: { self: types.type, oldSelf }, types });
    const plain = environment();
    const sizes = sizesOf(root);
    return this.#rules.map((rule) =>
      compileRule(rule, {
        environment: rule.optionalOldSelf ? environment(optionalOf(types.type)) : plain,
        sizes,
        schema: this.#schema,
      }),
    );
  }
}

const OUT_OF_BUDGET =
  "validation failed due to running out of cost budget, no further validation rules will be run";

/** What an optional variable holds is looked at without its schema. */
function optional(value: Outcome | undefined): Outcome {
  if (value === undefined) return NONE;
  if (!(value instanceof Failure)) return new OptionalValue(bare(value));
  return new Failure(`unsupported conversion to ref.Val: (*errors.errorString)${value.message}`);
}

const bare = (value: CelValue): CelValue =>
  value instanceof RuleMap || value instanceof RuleList ? jsonValue(value.raw) : value;

interface Checked {
  readonly value: unknown;
  /** As the schema says: messages show it in place of large values. */
  readonly type: string;
  readonly variables: Activation;
  /** For messages: they do not get an old value as an optional one, although they are compiled for it. */
  readonly plain: Activation;
  readonly run: RuleRun;
}

/** One rule against one value. */
class Check {
  readonly #compiled: CompiledRule;
  readonly #checked: Checked;

  constructor(compiled: CompiledRule, checked: Checked) {
    this.#compiled = compiled;
    this.#checked = checked;
  }

  go(): void {
    const { error, program } = this.#compiled;
    if (error) this.#invalid(`rule compile error: ${error.detail}`);
    if (!program) return;
    const result = this.#evaluate(program, this.#checked.variables);
    if (!this.#checked.run.budget.spend(result.cost)) this.#invalid(OUT_OF_BUDGET);
    else if (result.error) this.#failed(result.error);
    else if (result.value !== true) this.#report();
  }

  #evaluate(
    program: Program,
    variables: Activation,
  ): { value?: CelValue; cost: number; error?: EvaluationError } {
    try {
      return program.evaluate(variables, { budget: PER_CALL_LIMIT });
    } catch (error) {
      if (error instanceof EvaluationError) return { cost: error.cost, error };
      throw error;
    }
  }

  #failed(error: EvaluationError): void {
    const rule = ruleText(this.#compiled.rule);
    if (error instanceof BudgetExceeded) {
      const why = "no further validation rules will be run due to call cost exceeds limit for rule";
      this.#invalid(`'${error.message}': ${why}: ${rule}`);
      this.#checked.run.budget.exhaust();
    } else if (error.message.startsWith("no such overload")) {
      // Only what types could not tell before comes here: the message says nothing of the place.
      const why = "call arguments did not match a supported operator, function or macro signature for rule";
      this.#invalid(`'${error.message}': ${why}: ${rule}`);
    } else this.#invalid(`${error.message} evaluating rule: ${rule}`);
  }

  /** The rule says no. */
  #report(): void {
    const { rule, usesOldSelf, fieldPath } = this.#compiled;
    const { run } = this.#checked;
    const place = (usesOldSelf ? undefined : run.ratcheted?.()) ?? run.errors;
    const errors = fieldPath ? place.at(fieldPath) : place;
    const message = this.#message(errors);
    if (message === undefined) return;
    const { value, type } = this.#checked;
    const isLarge = type === "object" || type === "array";
    switch (rule.reason) {
      case "FieldValueForbidden":
        return errors.forbidden(message);
      case "FieldValueRequired":
        return errors.required(message);
      case "FieldValueDuplicate":
        return isLarge ? errors.add("FieldValueDuplicate", "Duplicate value") : errors.duplicate(value);
      default:
        return isLarge
          ? errors.add("FieldValueInvalid", `Invalid value: ${message}`)
          : errors.invalid(value, message);
    }
  }

  /** Undefined when making it broke the budget, which is reported in its place. */
  #message(errors: FieldErrors): string | undefined {
    const { rule, messageProgram } = this.#compiled;
    const otherwise = rule.message ? rule.message.trim() : `failed rule: ${ruleText(rule)}`;
    if (!messageProgram) return otherwise;
    const { budget } = this.#checked.run;
    const { value, cost, error } = this.#evaluate(messageProgram, this.#checked.plain);
    if (!budget.spend(cost)) {
      errors.invalid(
        this.#checked.type,
        `messageExpression evaluation failed due to running out of cost budget, ${NO_MORE}`,
      );
      return undefined;
    }
    if (error instanceof BudgetExceeded) {
      const of = quote(rule.messageExpression!);
      errors.invalid(
        this.#checked.type,
        `${NO_MORE} due to call cost exceeds limit for messageExpression: ${of}`,
      );
      budget.exhaust();
      return undefined;
    }
    return (typeof value === "string" && usable(value)) || otherwise;
  }

  #invalid(why: string): void {
    this.#checked.run.errors.invalid(this.#checked.type, why);
  }
}

const NO_MORE = "no further validation rules will be run";

/** One line of bearable length; empty when it is not. */
function usable(message: string): string {
  const text = message.trim();
  return Buffer.byteLength(text) > MAX_MESSAGE_BYTES || text.includes("\n") ? "" : text;
}

const ruleText = ({ message = "", rule }: ValidationRule): string => (message || rule).trim();
