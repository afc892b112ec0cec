/**
 * `x-kubernetes-validations` of one node of a schema: compiled once, then run against each value that stands there.
 *
 * The tree is the caller's: which nodes have rules, which old value belongs to a new one (lists by key, maps), what was wrong
 * before and may stay so (ratcheting). A node that is not exposed to CEL (see `RuleType`) has rules that cannot compile.
 */

import type { FieldErrors } from "@knarr/machinery/field.ts";
import type { Age, CompileError } from "./compile-error.ts";
import type { Budget } from "./limits.ts";
import type { RuleSchema, ValidationRule } from "./rule-schema.ts";

/** How rules see a schema: what of it is exposed, and how large values can get. Children as in the schema. */
export interface RuleType {
  /** Of a list or map; undefined for others. */
  readonly element: RuleType | undefined;
  /** Of an object with fields, by their escaped names (`__dash__`); what is not exposed is not there. */
  readonly fields: ReadonlyMap<string, RuleType> | undefined;
  /** Characters, elements or entries at most. */
  readonly maxElements: number;
  /** Bytes that a value takes in JSON at least. */
  readonly minSerializedSize: number;
}

export interface RuleOptions {
  /** The root of a resource: has `apiVersion`, `kind`, `metadata.name` and `metadata.generateName` whatever the schema says. */
  readonly isResourceRoot?: boolean;
  /** Default: `stored`. May be told by rule and by message expression, for those that were there before an update. */
  readonly age?: Age | ((expression: string) => Age);
}

export interface CompiledRule {
  readonly rule: ValidationRule;
  /** Of `rule`. */
  readonly error?: CompileError;
  readonly messageExpressionError?: CompileError;
  /** What one evaluation costs at worst; 0n when it does not compile. */
  readonly maxCost: bigint;
  readonly messageExpressionMaxCost: bigint;
  readonly usesOldSelf: boolean;
}

/** Undefined when the schema is not exposed: untyped, or a list or map of what is not. */
export function ruleTypeOf(
  schema: RuleSchema,
  options?: { readonly isResourceRoot?: boolean },
): RuleType | undefined {
  void options;
  throw new Error(`Cannot tell the type of ${JSON.stringify(schema)}: rules are not there yet`);
}

/** How many values of a type fit into the largest request: how often its rules may run under an unbounded list or map. */
export function maxCardinality(type: RuleType): bigint {
  throw new Error(`Cannot count ${type.minSerializedSize} bytes: rules are not there yet`);
}

export class NodeRules {
  /** One for each rule, in order. */
  readonly compiled: readonly CompiledRule[];
  /** Whether any of them looks at the old value. */
  readonly usesOldSelf: boolean;

  constructor(schema: RuleSchema, rules: readonly ValidationRule[], options: RuleOptions = {}) {
    void [schema, rules, options];
    this.compiled = [];
    this.usesOldSelf = false;
    throw new Error("Cannot compile rules: they are not there yet");
  }

  /**
   * Runs the rules against `value`. Null has nothing to check. `previous` is the value that it replaces, undefined when it
   * replaces none: rules about `oldSelf` that are not `optionalOldSelf` wait for one.
   */
  check(value: unknown, previous: unknown, run: RuleRun): void {
    void [value, previous, run];
    throw new Error("Cannot check rules: they are not there yet");
  }
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
