/** How macros make syntax: what they make gets ids of its own, at the place of the call. */

import { MacroError, type Macro, type MacroFactory } from "./library.ts";
import type { Expression, Fold } from "./syntax.ts";
import type { CelValue } from "./values.ts";

/** The hidden variable that folds collect their result in. */
export const ACCUMULATOR = "@result";

export function macroKey({ name, count, isMember }: Pick<Macro, "name" | "count" | "isMember">): string {
  return `${name}:${count ?? "*"}:${isMember}`;
}

/** What the parser gives: ids, and where those given before stand. */
interface Ids {
  readonly offsets: readonly number[];
  id(offset: number): number;
}

interface MacroCall {
  readonly parser: Ids;
  readonly id: number;
  readonly target: Expression | undefined;
  readonly args: readonly Expression[];
}

export function expandMacro(macro: Macro, { parser, id, target, args }: MacroCall): Expression | undefined {
  return macro.expand(new Factory(parser, id), target, args);
}

class Factory implements MacroFactory {
  readonly accumulator = ACCUMULATOR;
  readonly #ids: Ids;
  readonly #offset: number;

  constructor(ids: Ids, call: number) {
    this.#ids = ids;
    this.#offset = ids.offsets[call]!;
  }

  ident(name: string): Expression {
    return { kind: "ident", id: this.#id(), name };
  }

  literal(value: CelValue): Expression {
    return { kind: "literal", id: this.#id(), value };
  }

  call(name: string, ...args: Expression[]): Expression {
    return { kind: "call", id: this.#id(), name, args };
  }

  member(name: string, target: Expression, ...args: Expression[]): Expression {
    return { kind: "call", id: this.#id(), name, target, args };
  }

  list(...elements: Expression[]): Expression {
    return { kind: "list", id: this.#id(), elements, optional: [] };
  }

  emptyMap(): Expression {
    return { kind: "map", id: this.#id(), entries: [] };
  }

  has(operand: Expression, field: string): Expression {
    return { kind: "select", id: this.#id(), operand, field, isTest: true };
  }

  fold(parts: Omit<Fold, "kind" | "id" | "accumulator"> & { readonly accumulator?: string }): Expression {
    return { kind: "fold", accumulator: ACCUMULATOR, ...parts, id: this.#id() };
  }

  /** With ids of its own for every node, at the places of the original. */
  copy(of: Expression): Expression {
    const id = this.#ids.id(this.#ids.offsets[of.id]!);
    const copy = (expression: Expression): Expression => this.copy(expression);
    switch (of.kind) {
      case "literal":
      case "ident":
        return { ...of, id };
      case "select":
        return { ...of, id, operand: copy(of.operand) };
      case "call": {
        const args = of.args.map(copy);
        return { ...of, id, args, ...(of.target && { target: copy(of.target) }) };
      }
      case "list":
        return { ...of, id, elements: of.elements.map(copy) };
      case "map":
        return {
          ...of,
          id,
          entries: of.entries.map((entry) => ({
            ...entry,
            id: this.#id(),
            key: copy(entry.key),
            value: copy(entry.value),
          })),
        };
      case "struct":
        return {
          ...of,
          id,
          fields: of.fields.map((field) => ({ ...field, id: this.#id(), value: copy(field.value) })),
        };
      case "fold": {
        const [range, init, condition] = [copy(of.range), copy(of.init), copy(of.condition)];
        return { ...of, id, range, init, condition, step: copy(of.step), result: copy(of.result) };
      }
    }
  }

  #id(): number {
    return this.#ids.id(this.#offset);
  }
}

/** The name of a variable that a macro introduces. */
export function variableName(argument: Expression, message: string): string {
  if (argument.kind !== "ident") throw new MacroError(message, argument);
  if (argument.name === ACCUMULATOR || argument.name === "__result__") {
    throw new MacroError("iteration variable overwrites accumulator variable", argument);
  }
  return argument.name;
}
