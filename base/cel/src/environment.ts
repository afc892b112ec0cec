/**
 * An environment: what expressions may name, and how they are compiled.
 *
 * Environments are values; `extend` makes another that shares what this one has prepared. Compiling gives a value either way:
 * issues are for the author of the expression.
 */

import type { CallEstimate, CostNode, Range, SizeEstimator, Sizes } from "./estimate.ts";
import type { Library, TypeProvider } from "./library.ts";
import type { Program } from "./program.ts";
import type { CelType } from "./types.ts";
import type { CelValue, Outcome } from "./values.ts";

export interface EnvironmentParts {
  /** Names may be qualified: `authorizer.requestResource`. */
  readonly variables?: Readonly<Record<string, CelType>>;
  readonly libraries?: readonly Library[];
  readonly types?: TypeProvider;
  readonly settings?: Settings;
  /** Costs of calls that libraries leave open. */
  readonly costs?: CostModel;
}

export interface Settings {
  /** Elements of a list literal must have one type. Default: no. */
  readonly homogeneousLiterals?: boolean;
  /** `1 < 2.0`. Default: no. */
  readonly crossTypeComparisons?: boolean;
  /** `a.?b`, `optional.of(x)`. Default: no. */
  readonly optionals?: boolean;
  /** What `has()` costs: 1, or nothing. Default: 1. */
  readonly presenceCost?: 0 | 1;
  /** Literals of durations, timestamps and patterns are looked at when compiled, and lists of literals for their types. Default: no. */
  readonly validatesLiterals?: boolean;
}

export interface CostModel {
  /** What a call cost; undefined: as cel-go has it. */
  call(name: string, overload: string, args: readonly CelValue[], result: Outcome): number | undefined;
  estimate(call: {
    readonly name: string;
    readonly overload: string;
    readonly target: CostNode | undefined;
    readonly args: readonly CostNode[];
    readonly sizes: Sizes;
  }): CallEstimate | undefined;
}

export interface Compiled {
  readonly ok: true;
  readonly type: CelType;
  /** Variables that the expression names, by their full names. */
  readonly references: ReadonlySet<string>;
  /** Throws EvaluationError for what only planning finds: a constant that does not convert, a pattern that does not compile. */
  program(): Program;
  estimate(sizes: SizeEstimator): Range;
}

export interface Issues {
  readonly ok: false;
  /** All of them as cel-go prints them, each with the line of the source and a mark below. */
  readonly message: string;
  readonly errors: readonly Issue[];
}

/** `line` counts from 1, `column` from 0. */
export interface Issue {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export class Environment {
  readonly parts: EnvironmentParts;

  constructor(parts: EnvironmentParts) {
    this.parts = parts;
  }

  extend(parts: EnvironmentParts): Environment {
    const { variables, libraries = [], types, settings, costs } = parts;
    const mine = this.parts;
    return new Environment({
      ...mine,
      ...(costs && { costs }),
      ...(types && { types }),
      variables: { ...mine.variables, ...variables },
      libraries: [...(mine.libraries ?? []), ...libraries],
      settings: { ...mine.settings, ...settings },
    });
  }

  compile(expression: string): Compiled | Issues {
    throw new Error(`Cannot compile ${JSON.stringify(expression)}: the compiler is not there yet`);
  }
}
