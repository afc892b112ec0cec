/** Compiling one rule: its program, its message's, what both cost at worst, or what is wrong with them. */

import type { Compiled, Environment } from "@knarr/cel/environment.ts";
import { EvaluationError, type Program } from "@knarr/cel/program.ts";
import type { SizeEstimator } from "@knarr/cel/estimate.ts";
import type { CompileError } from "./compile-error.ts";
import { parseFieldPath, pathText } from "./field-path.ts";
import type { RuleSchema, ValidationRule } from "./rule-schema.ts";

export interface CompiledRule {
  readonly rule: ValidationRule;
  /** Of `rule`. */
  readonly error?: CompileError;
  readonly messageExpressionError?: CompileError;
  /** What one evaluation costs at worst; 0n when it does not compile. */
  readonly maxCost: bigint;
  readonly messageExpressionMaxCost: bigint;
  readonly usesOldSelf: boolean;
  /** Absent when it did not compile, or is blank. */
  readonly program?: Program;
  readonly messageProgram?: Program;
  /** Where findings go, below the value; empty for the value itself. */
  readonly fieldPath: string;
}

export interface RuleContext {
  readonly environment: Environment;
  readonly sizes: SizeEstimator;
  readonly schema: RuleSchema;
}

const invalid = (detail: string): CompileError => ({ kind: "invalid", detail });

export function compileRule(rule: ValidationRule, context: RuleContext): CompiledRule {
  const nothing = { rule, maxCost: 0n, messageExpressionMaxCost: 0n, usesOldSelf: false, fieldPath: "" };
  if (rule.rule.trim() === "") return nothing;
  const compiled = context.environment.compile(rule.rule);
  if (!compiled.ok) return { ...nothing, error: invalid(`compilation failed: ${compiled.message}`) };
  if (compiled.type.kind !== "bool") {
    return { ...nothing, error: invalid("cel expression must evaluate to a bool") };
  }
  const usesOldSelf = compiled.references.has("oldSelf");
  const program = programOf(compiled, "program instantiation failed");
  if ("detail" in program) return { ...nothing, usesOldSelf, error: program };
  const maxCost = compiled.estimate(context.sizes).max;
  const fieldPath = rule.fieldPath ? fieldPathOf(rule.fieldPath, context.schema) : "";
  return { ...nothing, usesOldSelf, program, maxCost, ...messageOf(rule, context), fieldPath };
}

type Message = Partial<
  Pick<CompiledRule, "messageExpressionError" | "messageProgram" | "messageExpressionMaxCost">
>;

function messageOf({ messageExpression = "" }: ValidationRule, { environment, sizes }: RuleContext): Message {
  if (messageExpression === "") return {};
  const compiled = environment.compile(messageExpression);
  if (!compiled.ok) {
    return { messageExpressionError: invalid(`messageExpression compilation failed: ${compiled.message}`) };
  }
  if (compiled.type.kind !== "string") {
    return { messageExpressionError: invalid("messageExpression must evaluate to a string") };
  }
  const program = programOf(compiled, "messageExpression instantiation failed");
  if ("detail" in program) return { messageExpressionError: program };
  return { messageProgram: program, messageExpressionMaxCost: compiled.estimate(sizes).max };
}

function programOf(compiled: Compiled, problem: string): Program | CompileError {
  try {
    return compiled.program();
  } catch (error) {
    if (error instanceof EvaluationError) return invalid(`${problem}: ${error.message}`);
    throw error;
  }
}

/** One that is not valid is no reason not to run the rule: validation of the definition says so. */
function fieldPathOf(path: string, schema: RuleSchema): string {
  const parsed = parseFieldPath(path, schema);
  return "error" in parsed ? "" : pathText(parsed.steps);
}
