/**
 * What an expression may cost at least and at most, from what is known of the sizes of its variables (cel-go's checker/cost.go).
 *
 * While walking, each node may get a path (`self.list.@items`), by which the caller's estimator knows sizes, a size of its own
 * and a size of its elements; what is not known is unbounded. A chain `a && b` costs at least what its first half does.
 */

import type { Checked } from "./checker.ts";
import type { Declarations } from "./declarations.ts";
import {
  addRanges,
  fixed,
  timesRanges,
  unionOf,
  UNKNOWN,
  type CallEstimate,
  type CostNode,
  type Range,
  type SizeEstimator,
  type Sizes,
} from "./estimate.ts";
import { defaultEstimate } from "./default-estimates.ts";
import { ACCUMULATOR } from "./macro-factory.ts";
import { charactersIn } from "./source.ts";
import type { Call, Expression, Fold, ListLiteral, MapLiteral, Select } from "./syntax.ts";
import { isOptional, type CelType, type Kind } from "./types.ts";

export function estimateCost(checked: Checked, declarations: Declarations, sizes: SizeEstimator): Range {
  return new Estimator(checked, declarations, sizes).cost(checked.expression);
}

/** Sizes of what is in a list or map. */
interface EntrySizes {
  readonly of: "list" | "map";
  readonly key: Range;
  readonly value: Range;
}

interface Local {
  readonly path: readonly string[];
  readonly size: Range | undefined;
  readonly entries: EntrySizes | undefined;
}

const ZERO = fixed(0n);
const ONE = fixed(1n);

class Estimator implements Sizes {
  readonly #checked: Checked;
  readonly #declarations: Declarations;
  readonly #estimator: SizeEstimator;
  readonly #presence: Range;
  readonly #paths = new Map<number, readonly string[]>();
  readonly #sizes = new Map<number, Range>();
  readonly #entries = new Map<number, EntrySizes>();
  readonly #locals = new Map<string, Local[]>();

  constructor(checked: Checked, declarations: Declarations, estimator: SizeEstimator) {
    this.#checked = checked;
    this.#declarations = declarations;
    this.#estimator = estimator;
    this.#presence = fixed(BigInt(declarations.settings.presenceCost ?? 1));
  }

  of(node: CostNode): Range {
    return node.size ?? this.#estimator.size(node) ?? UNKNOWN;
  }

  cost(expression: Expression): Range {
    switch (expression.kind) {
      case "literal":
        return ZERO;
      case "ident":
        this.#paths.set(expression.id, this.#local(expression.name)?.path ?? [expression.name]);
        return ONE;
      case "select":
        return this.#select(expression);
      case "call":
        return this.#call(expression);
      case "list":
        return this.#list(expression);
      case "map":
        return this.#map(expression);
      case "struct":
        return expression.fields.reduce((sum, { value }) => addRanges(sum, this.cost(value)), fixed(40n));
      case "fold":
        return isBinding(expression) ? this.#binding(expression) : this.#fold(expression);
    }
  }

  #select({ id, operand, field, isTest }: Select): Range {
    const cost = this.cost(operand);
    if (isTest) return addRanges(this.#presence, cost);
    this.#paths.set(id, [...this.#path(operand), field]);
    const { kind } = this.#type(operand);
    return kind === "map" || kind === "struct" || kind === "param" ? addRanges(cost, ONE) : cost;
  }

  #call(call: Call): Range {
    if (call.name === "dyn") return this.#dyn(call);
    const costs = call.args.map((arg) => this.cost(arg));
    const args = call.args.map((arg) => this.#node(arg));
    const reference = this.#checked.references[call.id];
    if (reference?.kind !== "overloads") return ZERO;
    const before = call.target ? this.cost(call.target) : ZERO;
    const target = call.target && this.#node(call.target);
    let cost: Range | undefined;
    let size: Range | undefined;
    for (const overload of reference.ids) {
      const one = this.#overload({ call, overload, target, args, costs });
      cost = cost ? unionOf(cost, one.cost) : one.cost;
      if (one.size) size = size ? unionOf(size, one.size) : one.size;
      if (overload === "index_list" || overload === "index_map") {
        const [from] = call.args;
        size = this.#entrySizes(from!)?.value;
        const step = overload === "index_list" ? "@items" : "@values";
        this.#paths.set(call.id, [...this.#path(from!), step]);
      }
      size ??= this.#size(call);
    }
    if (size) this.#sizes.set(call.id, size);
    return addRanges(before, cost!);
  }

  /** Switches type checking off, nothing else. */
  #dyn({ id, args: [inner] }: Call): Range {
    const cost = addRanges(ONE, this.cost(inner!));
    this.#copySizes(id, inner!);
    return cost;
  }

  #overload(input: OverloadInput): CallEstimate {
    const { call, overload, target, args, costs } = input;
    const sum = costs.reduce(addRanges, ZERO);
    const own =
      this.#declarations.overload(overload)?.estimate?.(this, target, args) ??
      this.#declarations.costs?.estimate({ name: call.name, overload, target, args, sizes: this });
    if (own) return { cost: addRanges(own.cost, sum), size: own.size };
    const [first, second, third] = call.args;
    switch (overload) {
      case "logical_and":
      case "logical_or":
        return { cost: { min: costs[0]!.min, max: addRanges(costs[0]!, costs[1]!).max } };
      case "conditional": {
        this.#unionEntries(call.id, second!, third!);
        const cost = addRanges(costs[0]!, unionOf(costs[1]!, costs[2]!));
        return { cost, size: unionOf(this.of(args[1]!), this.of(args[2]!)) };
      }
      case "add_list":
      case "add_string":
      case "add_bytes":
        this.#unionEntries(call.id, first!, second!);
    }
    const { cost, size } = defaultEstimate({ overload, target, args, sizes: this }) ?? { cost: ONE };
    return { cost: addRanges(cost, sum), ...(size && { size }) };
  }

  #list(list: ListLiteral): Range {
    const { id, elements } = list;
    let cost = ZERO;
    let value: Range | undefined;
    for (const element of elements) {
      cost = addRanges(cost, this.cost(element));
      value = unionWith(value, this.#sizeOrUnknown(element));
    }
    this.#entries.set(id, { of: "list", key: ONE, value: value ?? ZERO });
    return addRanges(cost, fixed(10n));
  }

  #map({ id, entries }: MapLiteral): Range {
    let cost = ZERO;
    let keySize: Range | undefined;
    let valueSize: Range | undefined;
    for (const { key, value } of entries) {
      cost = addRanges(addRanges(cost, this.cost(key)), this.cost(value));
      keySize = unionWith(keySize, this.#sizeOrUnknown(key));
      valueSize = unionWith(valueSize, this.#sizeOrUnknown(value));
    }
    this.#entries.set(id, { of: "map", key: keySize ?? ZERO, value: valueSize ?? ZERO });
    return addRanges(cost, fixed(30n));
  }

  #fold(fold: Fold): Range {
    const { id, range, init, condition, step, result } = fold;
    const start = addRanges(this.cost(range), this.cost(init));
    this.#push(fold.accumulator, this.#localOf(init));
    const variables = this.#variables(fold);
    for (const [name, local] of variables) this.#push(name, local);
    const round = addRanges(this.cost(condition), this.cost(step));
    for (const [name] of variables) this.#pop(name);
    const end = this.cost(result);
    this.#pop(fold.accumulator);
    const count = this.#sizeOrUnknown(range);
    if (init.kind === "literal") this.#setSize(id, this.#size(init));
    if (init.kind === "list" || init.kind === "map") {
      this.#setSize(id, count);
      this.#setEntries(id, this.#entrySizes(step));
    }
    return addRanges(addRanges(start, end), timesRanges(count, round));
  }

  /** What each variable of a fold is, seen from its range. */
  #variables({ range, variable, second }: Fold): readonly (readonly [string, Local])[] {
    const entries = this.#entrySizes(range);
    const isList = (entries?.of ?? this.#type(range).kind) === "list";
    const path = this.#path(range);
    const local = (step: string, size: Range | undefined): Local => ({
      path: [...path, step],
      size,
      entries: undefined,
    });
    if (second === undefined) {
      const one = isList ? local("@items", entries?.value) : local("@keys", entries?.key);
      return [[variable, one]];
    }
    return [
      [variable, local(isList ? "@indices" : "@keys", entries?.key)],
      [second, local(isList ? "@items" : "@values", entries?.value)],
    ];
  }

  /** `cel.bind(x, init, result)`: no round at all. */
  #binding({ id, range, init, accumulator, result }: Fold): Range {
    const start = addRanges(this.cost(range), this.cost(init));
    this.#push(accumulator, this.#localOf(init));
    const end = this.cost(result);
    this.#pop(accumulator);
    this.#copySizes(id, result);
    return addRanges(start, end);
  }

  #localOf(expression: Expression): Local {
    return {
      path: this.#path(expression),
      size: this.#size(expression),
      entries: this.#entrySizes(expression),
    };
  }

  #local(name: string): Local | undefined {
    return this.#locals.get(name)?.at(-1);
  }

  #push(name: string, local: Local): void {
    this.#locals.getOrInsertComputed(name, () => []).push(local);
  }

  #pop(name: string): void {
    this.#locals.get(name)!.pop();
  }

  #node(expression: Expression): CostNode {
    const path = this.#path(expression);
    const isHidden = path[0] === ACCUMULATOR || path.length === 0;
    return {
      path: isHidden ? undefined : path,
      type: this.#type(expression),
      expression,
      size: this.#size(expression),
    };
  }

  #path(expression: Expression): readonly string[] {
    const local = expression.kind === "ident" ? this.#local(expression.name) : undefined;
    return local?.path ?? this.#paths.get(expression.id) ?? [];
  }

  #type({ id }: Expression): CelType {
    return this.#checked.types[id]!;
  }

  #sizeOrUnknown(expression: Expression): Range {
    return this.#size(expression) ?? UNKNOWN;
  }

  #size(expression: Expression): Range | undefined {
    const known = this.#sizes.get(expression.id) ?? literalSize(expression);
    if (known) return known;
    const type = this.#type(expression);
    const path = this.#path(expression);
    const told = this.#estimator.size({ path, type, expression, size: undefined });
    if (told) {
      this.#sizes.set(expression.id, told);
      return told;
    }
    if (isScalar(type)) return ONE;
    return expression.kind === "ident" ? this.#local(expression.name)?.size : undefined;
  }

  #entrySizes(expression: Expression): EntrySizes | undefined {
    const known = this.#entries.get(expression.id);
    return known ?? (expression.kind === "ident" ? this.#local(expression.name)?.entries : undefined);
  }

  #setSize(id: number, size: Range | undefined): void {
    if (size) this.#sizes.set(id, size);
  }

  #setEntries(id: number, entries: EntrySizes | undefined): void {
    if (entries) this.#entries.set(id, entries);
  }

  #copySizes(id: number, from: Expression): void {
    this.#setSize(id, this.#size(from));
    this.#setEntries(id, this.#entrySizes(from));
  }

  #unionEntries(id: number, one: Expression, other: Expression): void {
    const [first, second] = [this.#entrySizes(one), this.#entrySizes(other)];
    if (!first || !second) return;
    const key = unionOf(first.key, second.key);
    this.#entries.set(id, { of: first.of, key, value: unionOf(first.value, second.value) });
  }
}

interface OverloadInput {
  readonly call: Call;
  readonly overload: string;
  readonly target: CostNode | undefined;
  readonly args: readonly CostNode[];
  readonly costs: readonly Range[];
}

const unionWith = (so: Range | undefined, far: Range): Range => (so ? unionOf(so, far) : far);

function isBinding({ range, condition, accumulator }: Fold): boolean {
  return (
    range.kind === "list" &&
    range.elements.length === 0 &&
    condition.kind === "literal" &&
    condition.value === false &&
    accumulator !== "__result__"
  );
}

function literalSize(expression: Expression): Range | undefined {
  switch (expression.kind) {
    case "literal": {
      const { value } = expression;
      if (typeof value === "string") return fixed(BigInt(charactersIn(value)));
      return value instanceof Uint8Array ? fixed(BigInt(value.length)) : ONE;
    }
    case "list":
      return fixed(BigInt(expression.elements.length));
    case "map":
      return fixed(BigInt(expression.entries.length));
    default:
      return undefined;
  }
}

const SCALARS = new Set<Kind>(["bool", "double", "duration", "int", "timestamp", "uint"]);

function isScalar(type: CelType): boolean {
  return SCALARS.has(type.kind) || (isOptional(type) && isScalar(type.parameters[0]!));
}
