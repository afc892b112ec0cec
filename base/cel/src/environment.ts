/**
 * An environment: what expressions may name, and how they are compiled.
 *
 * Environments are values; `extend` makes another that shares what this one has prepared. Compiling gives a value either way:
 * issues are for the author of the expression.
 */

import { check, type Checked } from "./checker.ts";
import { Declarations } from "./declarations.ts";
import { estimateCost } from "./estimator.ts";
import type { CallEstimate, CostNode, Range, SizeEstimator, Sizes } from "./estimate.ts";
import type { CallCost, Library, TypeProvider } from "./library.ts";
import { literalIssues } from "./literal-checks.ts";
import { parse } from "./parser.ts";
import { plan } from "./planner.ts";
import type { Program } from "./program.ts";
import { Source } from "./source.ts";
import type { CelType } from "./types.ts";
import { Failure, type Outcome } from "./values.ts";

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
  /** `1 < 2.0`. Default: no. */
  readonly crossTypeComparisons?: boolean;
  /** `a.?b`, `optional.of(x)`. Default: no. */
  readonly optionals?: boolean;
  /** Names of fields between backquotes. Default: no. */
  readonly quotedNames?: boolean;
  /** What `has()` costs: 1, or nothing. Default: 1. */
  readonly presenceCost?: 0 | 1;
  /**
   * Literals of durations, timestamps and patterns are looked at when compiled, and list and map literals must be of one type
   * throughout. Default: no.
   */
  readonly validatesLiterals?: boolean;
}

export interface CostModel {
  /** How to tell what calls cost, asked once for each place of a program; undefined: as cel-go has it. */
  call(name: string, overload: string): CallCost | undefined;
  /** What `==` cost; undefined: as cel-go has it. `!=` is always as cel-go has it. */
  equality?(left: Outcome, right: Outcome): number | undefined;
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
  /** Variables that the expression names, by their full names, those of its macros among them. */
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
  #declarations: Declarations | undefined;

  constructor(parts: EnvironmentParts) {
    this.parts = parts;
  }

  /** Libraries and types add to those there are; variables and settings of the same name replace. */
  extend(parts: EnvironmentParts): Environment {
    const { variables, libraries = [], types, settings, costs } = parts;
    const mine = this.parts;
    const both = types && mine.types ? joinedTypes(types, mine.types) : (types ?? mine.types);
    const model = costs ?? mine.costs;
    return new Environment({
      ...(model && { costs: model }),
      ...(both && { types: both }),
      variables: { ...mine.variables, ...variables },
      // Environments with the same libraries share what is made of them.
      ...libraryPart(mine.libraries, libraries),
      settings: { ...mine.settings, ...settings },
    });
  }

  compile(expression: string): Compiled | Issues {
    const source = new Source(expression);
    const declarations = (this.#declarations ??= new Declarations(this.parts));
    const { macros, settings } = declarations;
    const { optionals = false, quotedNames = false } = settings;
    const parsed = parse(source, { macros, optionals, quotedNames });
    if (!("expression" in parsed)) return issuesOf(source, parsed);
    const checked = check(parsed, source, declarations);
    if (!("expression" in checked)) return issuesOf(source, checked);
    const more = settings.validatesLiterals ? literalIssues({ checked, parsed, source, declarations }) : [];
    return more.length > 0 ? issuesOf(source, more) : compiledOf(checked, declarations);
  }
}

function libraryPart(
  mine: readonly Library[] = [],
  more: readonly Library[],
): Pick<EnvironmentParts, "libraries"> {
  return { libraries: more.length === 0 ? mine : [...mine, ...more] };
}

const issuesOf = (source: Source, errors: readonly Issue[]): Issues => ({
  ok: false,
  message: source.describe(errors),
  errors,
});

function compiledOf(checked: Checked, declarations: Declarations): Compiled {
  return {
    ok: true,
    type: checked.types[checked.expression.id]!,
    get references() {
      const variables = checked.references.filter((reference) => reference?.kind === "variable");
      return new Set(variables.map(({ name }) => name));
    },
    program: () => plan(checked, declarations),
    estimate: (sizes) => estimateCost(checked, declarations, sizes),
  };
}

function joinedTypes(first: TypeProvider, second: TypeProvider): TypeProvider {
  const of = (type: string): TypeProvider => (first.find(type) ? first : second);
  return {
    find: (name) => first.find(name) ?? second.find(name),
    field: (type, field) => of(type).field(type, field),
    make: (type, fields) => of(type).make?.(type, fields) ?? new Failure(`unknown type '${type}'`),
  };
}
