/**
 * What an environment is made of beside variables: functions, macros, types.
 *
 * A library is a value that names them. A function has overloads, told apart by the types of their arguments; the checker
 * picks those that fit, the program calls the one that is left, or, among several, the first that takes the values at hand.
 */

import type { Call, Expression, Fold } from "./syntax.ts";
import type { CelType } from "./types.ts";
import type { CelValue, Outcome } from "./values.ts";
import type { CallEstimate, CostNode, Sizes } from "./estimate.ts";

export interface Library {
  readonly name: string;
  readonly functions?: readonly FunctionDeclaration[];
  readonly macros?: readonly Macro[];
  /** Types that programs can name: `type(x) == optional_type`. */
  readonly types?: readonly CelType[];
  /** Run on every call of a program that checked, where the setting `validatesLiterals` asks for it. */
  readonly checks?: readonly LiteralCheck[];
}

export type LiteralCheck = (call: Call, typeOf: (id: number) => CelType) => readonly LiteralFinding[];

export interface LiteralFinding {
  /** Of the node that is to blame. */
  readonly id: number;
  readonly message: string;
}

export interface FunctionDeclaration {
  /** May be qualified: `math.greatest`. */
  readonly name: string;
  readonly overloads: readonly Overload[];
  /** For functions that tell kinds of values apart themselves: called whatever the overload, with whatever values. */
  readonly call?: (...args: any[]) => Outcome;
  /** Which argument (the target counts) is a regular expression: a constant one must compile with the program. */
  readonly pattern?: number;
}

export interface Overload {
  /** cel-go's name of it: costs are told by it. */
  readonly id: string;
  /** For members, the first is what stands before the dot. */
  readonly params: readonly CelType[];
  readonly result: CelType;
  readonly isMember?: boolean;
  /** Absent for what the program knows itself (operators). Arguments are values, never failures. */
  readonly call?: (...args: any[]) => Outcome;
  /** What a call really cost; absent: as the environment's costs say, or 1. */
  readonly cost?: CallCost;
  /** What a call may cost before any value is known; the same. */
  estimate?(sizes: Sizes, target: CostNode | undefined, args: readonly CostNode[]): CallEstimate | undefined;
}

/** What a call cost, from its arguments and what it came to; undefined: as if there were no such function. */
export type CallCost = (args: readonly Outcome[], result: Outcome) => number | undefined;

/** Rewrites a call into other syntax when it is parsed. */
export interface Macro {
  readonly name: string;
  readonly isMember: boolean;
  /** Number of arguments, without the target; undefined: any. */
  readonly count?: number;
  /** Undefined leaves the call as it is. Throws MacroError for arguments that it cannot take. */
  expand(
    factory: MacroFactory,
    target: Expression | undefined,
    args: readonly Expression[],
  ): Expression | undefined;
}

/** Makes syntax in place of the call that a macro expands: ids are given and positions kept. */
export interface MacroFactory {
  readonly accumulator: string;
  ident(name: string): Expression;
  literal(value: CelValue): Expression;
  call(name: string, ...args: Expression[]): Expression;
  member(name: string, target: Expression, ...args: Expression[]): Expression;
  list(...elements: Expression[]): Expression;
  emptyMap(): Expression;
  has(operand: Expression, field: string): Expression;
  /** Without an accumulator named, the hidden one. */
  fold(parts: Omit<Fold, "kind" | "id" | "accumulator"> & { readonly accumulator?: string }): Expression;
  /** For what a macro mentions twice. */
  copy(of: Expression): Expression;
}

export class MacroError extends Error {
  readonly at: Expression | undefined;

  constructor(message: string, at?: Expression) {
    super(message);
    this.at = at;
  }
}

/** Knows the types with fields. */
export interface TypeProvider {
  /** The struct of that name. */
  find(name: string): CelType | undefined;
  /** Type of a field of a struct that `find` knows. */
  field(type: string, field: string): CelType | undefined;
  /** A value of `Name{field: value}`; absent: none can be made. */
  make?(type: string, fields: ReadonlyMap<string, CelValue>): Outcome;
}
