/**
 * The type checker: gives every node a type, every name a meaning, and says what does not fit, in cel-go's words.
 *
 * It returns the tree with names resolved: `a.b` that is a variable is one `ident`, `math.abs(x)` a call without a target.
 * What did not check has the type `error`, which goes with everything.
 */

import { Bindings, moreGeneral } from "./assignable.ts";
import type { Declarations } from "./declarations.ts";
import type { Issue } from "./environment.ts";
import type { FunctionDeclaration } from "./library.ts";
import type { Parsed } from "./parser.ts";
import type { Source } from "./source.ts";
import type { Call, Expression, Fold, ListLiteral, MapLiteral, Select, StructLiteral } from "./syntax.ts";
import {
  BOOL,
  describeSignature,
  describeType,
  DYN,
  ERROR,
  INT,
  isDynamic,
  isExactly,
  isOptional,
  listOf,
  mapOf,
  optionalOf,
  type CelType,
} from "./types.ts";
import { typeOf } from "./type-of.ts";

/** What a name or a call came to mean. */
export type Reference =
  | { readonly kind: "variable"; readonly name: string }
  /** The name of a type. */
  | { readonly kind: "type"; readonly name: string; readonly type: CelType }
  /** Those that may be meant, by id; one when types told. */
  | { readonly kind: "overloads"; readonly ids: readonly string[] };

export interface Checked {
  readonly expression: Expression;
  /** By id of a node. */
  readonly types: readonly CelType[];
  readonly references: readonly (Reference | undefined)[];
}

export function check(
  parsed: Parsed,
  source: Source,
  declarations: Declarations,
): Checked | readonly Issue[] {
  const checker = new Checker(parsed, source, declarations);
  const expression = checker.check(parsed.expression);
  return checker.issues.length > 0 ? checker.issues : checker.result(expression);
}

class Checker {
  readonly issues: Issue[] = [];
  readonly #parsed: Parsed;
  readonly #source: Source;
  readonly #declarations: Declarations;
  readonly #bindings = new Bindings();
  readonly #types: CelType[] = [];
  readonly #references: (Reference | undefined)[] = [];
  /** Variables of folds, innermost last. */
  readonly #locals: Map<string, CelType>[] = [];

  constructor(parsed: Parsed, source: Source, declarations: Declarations) {
    this.#parsed = parsed;
    this.#source = source;
    this.#declarations = declarations;
  }

  result(expression: Expression): Checked {
    const types = this.#types.map((type) => this.#bindings.resolve(type, { unbound: "dyn" }));
    return { expression, types, references: this.#references };
  }

  check(expression: Expression): Expression {
    switch (expression.kind) {
      case "literal":
        return this.#typed(expression, typeOf(expression.value));
      case "ident": {
        const found = this.#lookup(expression.name);
        if (found) return this.#refer(expression.id, found);
        this.#undeclared(expression.id, expression.name);
        return this.#typed(expression, ERROR);
      }
      case "select":
        return this.#select(expression);
      case "call":
        return this.#call(expression);
      case "list":
        return this.#list(expression);
      case "map":
        return this.#map(expression);
      case "struct":
        return this.#struct(expression);
      case "fold":
        return this.#fold(expression);
    }
  }

  #select(select: Select): Expression {
    const name = qualifiedName(select);
    const found = name !== undefined && this.#lookup(name);
    if (found) return this.#refer(select.id, found);
    const operand = this.check(select.operand);
    const type = this.#fieldType(select.id, { operand, field: select.field });
    return this.#typed({ ...select, operand }, select.isTest ? BOOL : this.#resolve(type));
  }

  /** `a.?b`, which the parser made a call with a literal. */
  #optionalSelect(call: Call): Expression {
    const [first, field] = call.args;
    if (!field || field.kind !== "literal" || typeof field.value !== "string" || call.target) {
      this.#report(field?.id ?? call.id, `unsupported optional field selection`);
      return this.#typed(call, ERROR);
    }
    const operand = this.check(first!);
    const type = this.#fieldType(call.id, { operand, field: field.value });
    this.#references[call.id] = { kind: "overloads", ids: ["select_optional_field"] };
    return this.#typed(
      { ...call, args: [operand, field] },
      this.#resolve(isOptional(this.#typeOf(operand)) ? type : optionalOf(type)),
    );
  }

  #fieldType(id: number, { operand, field }: { operand: Expression; field: string }): CelType {
    const type = this.#typeOf(operand);
    const target = isOptional(type) ? type.parameters[0]! : type;
    const found = this.#plainFieldType(id, { operand, field, target });
    return target === type ? found : optionalOf(found);
  }

  #plainFieldType(
    id: number,
    { field, target }: { operand: Expression; field: string; target: CelType },
  ): CelType {
    switch (target.kind) {
      case "map":
        return target.parameters[1]!;
      case "struct":
        return this.#structField(id, { type: target.name, field });
      case "param":
        this.#bindings.isAssignable(DYN, target);
        return DYN;
      default:
        if (!isDynamic(target) && target.kind !== "error") {
          this.#report(id, `type '${describeType(target)}' does not support field selection`);
        }
        return DYN;
    }
  }

  #structField(id: number, { type, field }: { type: string; field: string }): CelType {
    const { types } = this.#declarations;
    if (!types.find(type)) {
      this.#report(id, `unexpected failed resolution of '${type}'`);
      return ERROR;
    }
    const found = types.field(type, field);
    if (!found) this.#report(id, `undefined field '${field}'`);
    return found ?? ERROR;
  }

  #call(call: Call): Expression {
    if (call.name === "_?._") return this.#optionalSelect(call);
    const args = call.args.map((arg) => this.check(arg));
    const { target, id } = call;
    if (!target) {
      const name = plainName(call.name);
      const isKnown = this.#declarations.functions.has(name);
      return this.#overloaded({ kind: "call", id, name: isKnown ? name : call.name, args });
    }
    const prefix = qualifiedName(target);
    const qualified = prefix === undefined ? undefined : plainName(`${prefix}.${call.name}`);
    if (qualified !== undefined && this.#declarations.functions.has(qualified)) {
      return this.#overloaded({ kind: "call", id, name: qualified, args });
    }
    return this.#overloaded({ kind: "call", id, name: call.name, target: this.check(target), args });
  }

  #overloaded(call: Call): Expression {
    const declared = this.#declarations.functions.get(call.name);
    if (!declared) {
      this.#undeclared(call.id, call.name);
      return this.#typed(call, ERROR);
    }
    return this.#typed(call, this.#resultType(call, declared));
  }

  #resultType(call: Call, { name, overloads }: FunctionDeclaration): CelType {
    const { id, target, args } = call;
    if (name === "_&&_" || name === "_||_") return this.#logicType(call, overloads[0]!.id);
    const types = (target ? [target, ...args] : args).map((arg) => this.#types[arg.id]!);
    const ids: string[] = [];
    let result: CelType | undefined;
    for (const overload of overloads) {
      if (Boolean(overload.isMember) !== Boolean(target) || this.#declarations.isHidden(overload.id))
        continue;
      const [own, ...params] = this.#bindings.instantiate([overload.result, ...overload.params]);
      if (!this.#bindings.areAssignable(types, params)) continue;
      ids.push(overload.id);
      const type = this.#resolve(own!);
      if (!result) result = type;
      else if (!isDynamic(result) && !isExactly(type, result)) result = DYN;
    }
    if (!result) {
      const known = types.map((type) => this.#bindings.resolve(type, { unbound: "dyn" }));
      const signature = describeSignature(known, { isMember: target !== undefined });
      this.#report(id, `found no matching overload for '${name}' applied to '${signature}'`);
      return ERROR;
    }
    this.#references[id] = { kind: "overloads", ids };
    return result;
  }

  #logicType({ id, args }: Call, overload: string): CelType {
    let isGood = true;
    for (const arg of args) {
      const type = this.#types[arg.id]!;
      if (this.#bindings.isAssignable(type, BOOL)) continue;
      this.#mismatch(arg.id, { expected: BOOL, actual: type });
      isGood = false;
    }
    if (!isGood) return ERROR;
    this.#references[id] = { kind: "overloads", ids: [overload] };
    return BOOL;
  }

  #list(list: ListLiteral): Expression {
    let type: CelType | undefined;
    const elements = list.elements.map((element, index) => {
      const checked = this.check(element);
      const own = this.#elementType(checked, list.optional.includes(index));
      type = this.#join(type, own);
      return checked;
    });
    return this.#typed({ ...list, elements }, listOf(type ?? this.#bindings.fresh()));
  }

  #map(map: MapLiteral): Expression {
    let key: CelType | undefined;
    let value: CelType | undefined;
    const entries = map.entries.map((entry) => {
      const checkedKey = this.check(entry.key);
      key = this.#join(key, this.#types[checkedKey.id]!);
      const checked = this.check(entry.value);
      const own = this.#elementType(checked, entry.isOptional);
      value = this.#join(value, own);
      return { ...entry, key: checkedKey, value: checked };
    });
    key ??= this.#bindings.fresh();
    value ??= this.#bindings.fresh();
    return this.#typed({ ...map, entries }, mapOf(key, value));
  }

  /** Of an element that may be marked optional: what is in the optional then. */
  #elementType({ id }: Expression, mark: boolean): CelType {
    const type = this.#types[id]!;
    if (!mark) return type;
    if (isOptional(type)) return type.parameters[0]!;
    if (!isDynamic(type)) this.#mismatch(id, { expected: optionalOf(type), actual: type });
    return type;
  }

  /** The type of elements of both types. */
  #join(before: CelType | undefined, now: CelType): CelType {
    if (!before) return now;
    return this.#bindings.isAssignable(before, now) ? moreGeneral(before, now) : DYN;
  }

  #struct(struct: StructLiteral): Expression {
    const found = this.#lookup(struct.type);
    if (!found) {
      this.#undeclared(struct.id, struct.type);
      return this.#typed(struct, ERROR);
    }
    const type = this.#structType(struct, found);
    const fields = struct.fields.map((field) => {
      const value = this.check(field.value);
      const own = this.#elementType(value, field.isOptional);
      const expected = this.#structField(field.id, { type: plainName(struct.type), field: field.name });
      if (!this.#bindings.isAssignable(expected, own)) {
        const words = `is '${describeType(expected)}' but provided type is '${describeType(own)}'`;
        this.#report(field.id, `expected type of field '${field.name}' ${words}`);
      }
      return { ...field, value };
    });
    return this.#typed({ ...struct, type: plainName(struct.type), fields }, type);
  }

  #structType({ id }: StructLiteral, found: Found): CelType {
    if (found.type.kind !== "type") {
      this.#report(id, `'${found.type.name}' is not a type`);
      return ERROR;
    }
    const [type] = found.type.parameters;
    if (type?.kind === "struct") return type;
    this.#report(id, `'${type?.name ?? "type"}' is not a message type`);
    return ERROR;
  }

  #fold(fold: Fold): Expression {
    const range = this.check(fold.range);
    const init = this.check(fold.init);
    const accumulated = this.#types[init.id]!;
    const [first, second] = this.#rangeTypes(range, fold.second !== undefined);
    this.#locals.push(new Map([[fold.accumulator, accumulated]]));
    const inner = new Map([[fold.variable, first]]);
    if (fold.second !== undefined) inner.set(fold.second, second);
    this.#locals.push(inner);
    const condition = this.check(fold.condition);
    this.#assert(condition, BOOL);
    const step = this.check(fold.step);
    this.#assert(step, accumulated);
    this.#locals.pop();
    const result = this.check(fold.result);
    this.#locals.pop();
    const type = this.#resolve(this.#types[result.id]!);
    return this.#typed({ ...fold, range, init, condition, step, result }, type);
  }

  /** Of the variables: with two, the index or key comes first. */
  #rangeTypes(range: Expression, hasTwo: boolean): readonly [CelType, CelType] {
    const type = this.#typeOf(range);
    switch (type.kind) {
      case "list":
        return hasTwo ? [INT, type.parameters[0]!] : [type.parameters[0]!, DYN];
      case "map":
        return [type.parameters[0]!, type.parameters[1]!];
      case "dyn":
      case "error":
      case "param":
        this.#bindings.isAssignable(DYN, type);
        return [DYN, DYN];
      default:
        this.#report(
          range.id,
          `expression of type '${describeType(type)}' cannot be range of a comprehension (must be list, map, or dynamic)`,
        );
        return [ERROR, ERROR];
    }
  }

  #assert({ id }: Expression, expected: CelType): void {
    const actual = this.#types[id]!;
    if (!this.#bindings.isAssignable(expected, actual)) this.#mismatch(id, { expected, actual });
  }

  #lookup(name: string): Found | undefined {
    const plain = plainName(name);
    for (const scope of this.#locals.toReversed()) {
      const type = scope.get(plain);
      if (type) return { name: plain, type, isVariable: true };
    }
    const found = this.#declarations.lookup(plain);
    return found && { name: plain, ...found };
  }

  #refer(id: number, { name, type, isVariable }: Found): Expression {
    this.#references[id] = isVariable
      ? { kind: "variable", name }
      : { kind: "type", name, type: type.parameters[0] ?? type };
    return this.#typed({ kind: "ident", id, name }, type);
  }

  #typed(expression: Expression, type: CelType): Expression {
    this.#types[expression.id] = type;
    return expression;
  }

  #typeOf({ id }: Expression): CelType {
    return this.#resolve(this.#types[id]!);
  }

  #resolve(type: CelType): CelType {
    return this.#bindings.resolve(type, { unbound: "keep" });
  }

  #undeclared(id: number, name: string): void {
    this.#report(id, `undeclared reference to '${name}' (in container '')`);
  }

  #mismatch(id: number, { expected, actual }: { expected: CelType; actual: CelType }): void {
    this.#report(id, `expected type '${describeType(expected)}' but found '${describeType(actual)}'`);
  }

  #report(id: number, message: string): void {
    const { line, column } = this.#source.positionOf(this.#parsed.offsets[id]!);
    this.issues.push({ line, column, message });
  }
}

interface Found {
  readonly name: string;
  readonly type: CelType;
  readonly isVariable: boolean;
}

/** A leading dot says "from the root", where everything is. */
const plainName = (name: string): string => (name.startsWith(".") ? name.slice(1) : name);

/** `a.b.c`, if it is nothing but names. */
function qualifiedName(expression: Expression): string | undefined {
  if (expression.kind === "ident") return expression.name;
  if (expression.kind !== "select" || expression.isTest) return undefined;
  const prefix = qualifiedName(expression.operand);
  return prefix === undefined ? undefined : `${prefix}.${expression.field}`;
}
