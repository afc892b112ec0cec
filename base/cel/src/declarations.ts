/** What an environment declares, put together from its parts: looked up by name while checking and planning. */

import type { CostModel, EnvironmentParts, Settings } from "./environment.ts";
import type {
  FunctionDeclaration,
  Library,
  LiteralCheck,
  LiteralFinding,
  Macro,
  Overload,
  TypeProvider,
} from "./library.ts";
import { macroKey } from "./macro-factory.ts";
import type { Call } from "./syntax.ts";
import { typeOfType, type CelType } from "./types.ts";

export class Declarations {
  readonly functions: ReadonlyMap<string, FunctionDeclaration>;
  readonly macros: ReadonlyMap<string, Macro>;
  readonly types: TypeProvider;
  readonly settings: Settings;
  readonly costs: CostModel | undefined;
  readonly #variables: ReadonlyMap<string, CelType>;
  readonly #typeNames: ReadonlyMap<string, CelType>;
  readonly #overloads = new Map<string, Overload>();
  readonly #checks: readonly LiteralCheck[];

  constructor({ variables = {}, libraries = [], types, settings = {}, costs }: EnvironmentParts) {
    this.settings = settings;
    this.costs = costs;
    this.#checks = libraries.flatMap(({ checks = [] }) => checks);
    this.functions = merged(libraries);
    this.macros = new Map(
      libraries.flatMap(({ macros = [] }) => macros).map((macro) => [macroKey(macro), macro]),
    );
    this.#variables = new Map(Object.entries(variables));
    this.#typeNames = new Map(libraries.flatMap(({ types = [] }) => types).map((type) => [type.name, type]));
    this.types = types ?? NO_TYPES;
    for (const { overloads } of this.functions.values()) {
      for (const overload of overloads) this.#overloads.set(overload.id, overload);
    }
  }

  overload(id: string): Overload | undefined {
    return this.#overloads.get(id);
  }

  /** What libraries have to say of a call with literals. */
  checkLiterals(call: Call, typeOf: (id: number) => CelType): readonly LiteralFinding[] {
    return this.#checks.flatMap((check) => check(call, typeOf));
  }

  /** Comparisons between different kinds of numbers are there only when asked for. */
  isHidden(overload: string): boolean {
    return !this.settings.crossTypeComparisons && CROSS_TYPE.test(overload);
  }

  lookup(name: string): { readonly type: CelType; readonly isVariable: boolean } | undefined {
    const variable = this.#variables.get(name);
    if (variable) return { type: variable, isVariable: true };
    const type = this.#typeNames.get(name) ?? this.types.find(name);
    return type && { type: typeOfType(type), isVariable: false };
  }
}

const CROSS_TYPE =
  /^(less|less_equals|greater|greater_equals)_(double_(int64|uint64)|int64_(double|uint64)|uint64_(double|int64))$/;

const NO_TYPES: TypeProvider = { find: () => undefined, field: () => undefined };

/** A function that several libraries declare has the overloads of all, in the order of the libraries. */
function merged(libraries: readonly Library[]): ReadonlyMap<string, FunctionDeclaration> {
  const functions = new Map<string, FunctionDeclaration>();
  for (const { functions: declared = [] } of libraries) {
    for (const declaration of declared) {
      const { name, overloads } = declaration;
      const before = functions.get(name);
      const kept = (before?.overloads ?? []).filter(({ id }) => !overloads.some((own) => own.id === id));
      functions.set(name, { ...before, ...declaration, overloads: [...kept, ...overloads] });
    }
  }
  return functions;
}
