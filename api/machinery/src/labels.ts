/**
 * Label selectors: `parseLabelSelector("tier in (a,b),!legacy")` and the LabelSelector of manifests, both as a
 * LabelSelector object to match with. Selectors are immutable; requirements stand sorted by key, as upstream prints them.
 */

import { SelectorParser } from "./labels-parser.ts";
import { labelValue, qualifiedName } from "./names.ts";
import { goJson, quote } from "./quote.ts";

export type Labels = Readonly<Record<string, string>>;

export type LabelOperator = "in" | "notin" | "=" | "==" | "!=" | "gt" | "lt" | "exists" | "!";

export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  readonly values: readonly string[];
}

/** The LabelSelector of the API (`spec.selector` of a Deployment), structurally. */
export interface LabelSelectorFields {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

export class LabelSelector {
  readonly requirements: readonly LabelRequirement[];
  /** True for the selector that nothing matches. */
  readonly isNothing: boolean;

  constructor(requirements: readonly LabelRequirement[], isNothing = false) {
    this.requirements =
      requirements.length < 2
        ? requirements
        : requirements.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    this.isNothing = isNothing;
  }

  /** Selects everything. */
  get isEmpty(): boolean {
    return this.requirements.length === 0 && !this.isNothing;
  }

  matches(labels: Labels | undefined): boolean {
    if (this.isNothing) return false;
    for (const requirement of this.requirements) if (!satisfies(labels, requirement)) return false;
    return true;
  }

  /** The one value that `key` must have, when the selector says so: what an index can look up. */
  exactValue(key: string): string | undefined {
    const found = this.requirements.find((requirement) => requirement.key === key);
    const isExact = found && (found.operator === "=" || found.operator === "==" || found.operator === "in");
    return isExact && found.values.length === 1 ? found.values[0] : undefined;
  }

  toString(): string {
    return this.requirements.map(format).join(",");
  }
}

export const everything = new LabelSelector([]);
export const nothing = new LabelSelector([], true);

/** Throws SyntaxError, worded as upstream words it. */
export function parseLabelSelector(text: string): LabelSelector {
  if (text.trim() === "") return everything;
  return new LabelSelector(new SelectorParser(text, checkKey, requirement).parse());
}

/** Selects what has all of `labels`; everything when there are none. */
export function selectorOfLabels(labels: Labels | undefined): LabelSelector {
  const entries = Object.entries(labels ?? {});
  return entries.length === 0
    ? everything
    : new LabelSelector(entries.map(([key, value]) => ({ key, operator: "=", values: [value] })));
}

const operators = new Map<string, LabelOperator>([
  ["In", "in"],
  ["NotIn", "notin"],
  ["Exists", "exists"],
  ["DoesNotExist", "!"],
]);

/**
 * The selector of a manifest: absent selects nothing, empty selects everything. Throws for operators and values that
 * validation would have refused.
 */
export function selectorOf(fields: LabelSelectorFields | null | undefined): LabelSelector {
  if (!fields) return nothing;
  const { matchLabels = {}, matchExpressions = [] } = fields;
  const requirements = Object.entries(matchLabels).map(([key, value]) => requirement(key, "=", [value]));
  for (const { key, operator, values = [] } of matchExpressions) {
    const known = operators.get(operator);
    if (!known) throw new SyntaxError(`${quote(operator)} is not a valid label selector operator`);
    requirements.push(requirement(key, known, values));
  }
  return new LabelSelector(requirements);
}

function satisfies(labels: Labels | undefined, { key, operator, values }: LabelRequirement): boolean {
  const value = labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case "=":
    case "==":
    case "in":
      return value !== undefined && values.includes(value);
    case "!=":
    case "notin":
      return value === undefined || !values.includes(value);
    case "exists":
      return value !== undefined;
    case "!":
      return value === undefined;
    case "gt":
    case "lt": {
      const [have, want] = [integer(value), integer(values[0])];
      if (have === undefined || want === undefined) return false;
      return operator === "gt" ? have > want : have < want;
    }
  }
}

const INT64 = 2n ** 63n;

function integer(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^[-+]?[0-9]+$/.test(text)) return undefined;
  const value = BigInt(text.replace("+", ""));
  return value >= -INT64 && value < INT64 ? value : undefined;
}

function format({ key, operator, values }: LabelRequirement): string {
  const list = values.toSorted().join(",");
  switch (operator) {
    case "exists":
      return key;
    case "!":
      return `!${key}`;
    case "in":
    case "notin":
      return `${key} ${operator} (${list})`;
    case "gt":
      return `${key}>${list}`;
    case "lt":
      return `${key}<${list}`;
    default:
      return key + operator + list;
  }
}

// Validity, as upstream's NewRequirement words it

function checkKey(key: string, path: string): void {
  const problems = qualifiedName(key);
  if (problems.length) throw new SyntaxError(`${path}: Invalid value: ${quote(key)}: ${problems.join("; ")}`);
}

/** Throws SyntaxError with all that is wrong. */
function requirement(key: string, operator: LabelOperator, values: readonly string[]): LabelRequirement {
  const problems: string[] = [];
  const invalid = (path: string, value: unknown, why: string) =>
    problems.push(
      `${path}: Invalid value: ${typeof value === "string" ? quote(value) : goJson(value)}: ${why}`,
    );
  const badKey = qualifiedName(key);
  if (badKey.length) invalid("key", key, badKey.join("; "));
  const miscount = countProblem(operator, values.length);
  if (miscount) invalid("values", values, miscount);
  for (const [index, value] of values.entries()) {
    if ((operator === "gt" || operator === "lt") && integer(value) === undefined)
      invalid(`values[${index}]`, value, "for 'Gt', 'Lt' operators, the value must be an integer");
  }
  for (const [index, value] of values.entries()) {
    const bad = labelValue(value);
    if (bad.length) invalid(`values[${index}][${key}]`, value, bad.join("; "));
  }
  if (problems.length)
    throw new SyntaxError(problems.length === 1 ? problems[0] : `[${problems.join(", ")}]`);
  return { key, operator, values };
}

function countProblem(operator: LabelOperator, count: number): string | undefined {
  switch (operator) {
    case "in":
    case "notin":
      return count === 0 ? "for 'in', 'notin' operators, values set can't be empty" : undefined;
    case "exists":
    case "!":
      return count === 0 ? undefined : "values set must be empty for exists and does not exist";
    case "gt":
    case "lt":
      return count === 1 ? undefined : "for 'Gt', 'Lt' operators, exactly one value is required";
    default:
      return count === 1 ? undefined : "exact-match compatibility requires one single value";
  }
}
