/**
 * Expressions as the parser leaves them and the checker types them: the abstract syntax of cel-go, node for node, because ids and
 * shapes decide costs and positions.
 *
 * Every node has an id of its own, counted in the order cel-go counts, by which positions, types and references are kept.
 * The checker resolves names in place: `a.b` that is a variable becomes one `ident`.
 */

import type { CelValue } from "./values.ts";

export type Expression = Literal | Ident | Select | Call | ListLiteral | MapLiteral | StructLiteral | Fold;

export interface Literal {
  readonly kind: "literal";
  readonly id: number;
  readonly value: CelValue;
}

export interface Ident {
  readonly kind: "ident";
  readonly id: number;
  readonly name: string;
}

export interface Select {
  readonly kind: "select";
  readonly id: number;
  readonly operand: Expression;
  readonly field: string;
  /** `has(operand.field)` */
  readonly isTest: boolean;
}

export interface Call {
  readonly kind: "call";
  readonly id: number;
  /** Operators have names like `_+_`. */
  readonly name: string;
  readonly target?: Expression;
  readonly args: readonly Expression[];
}

export interface ListLiteral {
  readonly kind: "list";
  readonly id: number;
  readonly elements: readonly Expression[];
  /** Positions of `?x`. */
  readonly optional: readonly number[];
}

export interface MapLiteral {
  readonly kind: "map";
  readonly id: number;
  readonly entries: readonly MapEntry[];
}

export interface MapEntry {
  readonly id: number;
  readonly key: Expression;
  readonly value: Expression;
  readonly isOptional: boolean;
}

export interface StructLiteral {
  readonly kind: "struct";
  readonly id: number;
  readonly type: string;
  readonly fields: readonly StructField[];
}

export interface StructField {
  readonly id: number;
  readonly name: string;
  readonly value: Expression;
  readonly isOptional: boolean;
}

/** What all macros over lists and maps become. */
export interface Fold {
  readonly kind: "fold";
  readonly id: number;
  readonly range: Expression;
  readonly variable: string;
  /** Two-variable forms: index or key first, then the value. */
  readonly second?: string;
  readonly accumulator: string;
  readonly init: Expression;
  readonly condition: Expression;
  readonly step: Expression;
  readonly result: Expression;
}

/** What an expression is directly made of. */
export function childrenOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case "literal":
    case "ident":
      return [];
    case "select":
      return [expression.operand];
    case "call":
      return expression.target ? [expression.target, ...expression.args] : expression.args;
    case "list":
      return expression.elements;
    case "map":
      return expression.entries.flatMap(({ key, value }) => [key, value]);
    case "struct":
      return expression.fields.map(({ value }) => value);
    case "fold": {
      const { range, init, condition, step, result } = expression;
      return [range, init, condition, step, result];
    }
  }
}
