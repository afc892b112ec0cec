/**
 * What can be said of literals before anything is evaluated: durations, timestamps and patterns that are none, and lists and maps
 * whose literal elements are of several types. Part of an environment by its setting `validatesLiterals`.
 */

import type { Checked } from "./checker.ts";
import type { Declarations } from "./declarations.ts";
import type { Issue } from "./environment.ts";
import { isMoment, parseDuration, parseTimestamp } from "./time.ts";
import type { Parsed } from "./parser.ts";
import { pattern } from "./regex.ts";
import type { Source } from "./source.ts";
import { childrenOf, type Call, type Expression, type ListLiteral, type MapLiteral } from "./syntax.ts";
import { describeType, isExactly, type CelType } from "./types.ts";
import { Failure, type CelValue } from "./values.ts";

export interface CheckedSource {
  readonly checked: Checked;
  readonly parsed: Parsed;
  readonly source: Source;
  readonly declarations: Declarations;
}

/** Whether a literal given to a function is none of those that it takes. */
const WRONG: Readonly<Record<string, (value: CelValue) => boolean>> = {
  duration: (value) => typeof value !== "string" || !parseDuration(value),
  timestamp: (value) => {
    const seconds = typeof value === "string" ? parseTimestamp(value)?.seconds : value;
    return typeof seconds !== "number" || !isMoment(seconds);
  },
  matches: (value) => typeof value === "string" && pattern(value) instanceof Failure,
};

export function literalIssues(input: CheckedSource): readonly Issue[] {
  return new LiteralChecks(input).run(input.checked.expression);
}

class LiteralChecks {
  readonly #input: CheckedSource;
  readonly #issues: Issue[] = [];
  /** Calls that take what they are given in any mixture (`format`). */
  #mixed = 0;

  constructor(input: CheckedSource) {
    this.#input = input;
  }

  run(expression: Expression): readonly Issue[] {
    this.#walk(expression);
    return this.#issues;
  }

  #walk(expression: Expression): void {
    const isExempt = expression.kind === "call" && expression.name === "format";
    if (expression.kind === "call") this.#call(expression);
    if (this.#mixed === 0 && expression.kind === "list") this.#list(expression);
    if (this.#mixed === 0 && expression.kind === "map") this.#map(expression);
    if (isExempt) this.#mixed++;
    for (const child of childrenOf(expression)) this.#walk(child);
    if (isExempt) this.#mixed--;
  }

  #call(call: Call): void {
    const [first] = call.args;
    const isWrong = Object.hasOwn(WRONG, call.name) ? WRONG[call.name] : undefined;
    if (first?.kind === "literal" && isWrong?.(first.value)) {
      this.#report(first.id, `invalid ${call.name} argument`);
    }
    const { checked, declarations } = this.#input;
    const typeOf = (id: number): CelType => checked.types[id]!;
    for (const { id, message } of declarations.checkLiterals(call, typeOf)) this.#report(id, message);
  }

  #list({ elements, optional }: ListLiteral): void {
    let expected: CelType | undefined;
    for (const [index, { id }] of elements.entries()) {
      const type = this.#type(id, optional.includes(index));
      expected ??= type;
      if (isSame(expected, type)) continue;
      this.#mismatch(id, expected, type);
      break;
    }
  }

  #map({ entries }: MapLiteral): void {
    let expected: { key: CelType; value: CelType } | undefined;
    for (const { key, value, isOptional } of entries) {
      const types = { key: this.#type(key.id, false), value: this.#type(value.id, isOptional) };
      expected ??= types;
      if (!isSame(expected.key, types.key)) this.#mismatch(key.id, expected.key, types.key);
      if (!isSame(expected.value, types.value)) this.#mismatch(value.id, expected.value, types.value);
    }
  }

  #type(id: number, unwrap: boolean): CelType {
    const type = this.#input.checked.types[id]!;
    return unwrap ? (type.parameters[0] ?? type) : type;
  }

  #mismatch(id: number, expected: CelType, actual: CelType): void {
    this.#report(id, `expected type '${describeType(expected)}' but found '${describeType(actual)}'`);
  }

  #report(id: number, message: string): void {
    const { source, parsed } = this.#input;
    const { line, column } = source.positionOf(parsed.offsets[id]!);
    this.#issues.push({ line, column, message });
  }
}

/** Type variables are as good as each other. */
function isSame(one: CelType, other: CelType): boolean {
  if (one.kind === "param" && other.kind === "param") return true;
  if (one.parameters.length === 0) return isExactly(one, other);
  return (
    one.kind === other.kind &&
    one.name === other.name &&
    one.parameters.length === other.parameters.length &&
    one.parameters.every((inner, index) => isSame(inner, other.parameters[index]!))
  );
}
