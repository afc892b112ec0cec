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

/** What libraries declare: the same for all environments that have the same ones. */
interface Tables {
  readonly functions: ReadonlyMap<string, FunctionDeclaration>;
  readonly overloads: ReadonlyMap<string, Overload>;
  readonly macros: ReadonlyMap<string, Macro>;
  readonly typeNames: ReadonlyMap<string, CelType>;
  readonly checks: readonly LiteralCheck[];
}

const tables = new WeakMap<readonly Library[], Tables>();
const NO_LIBRARIES: readonly Library[] = [];

export class Declarations {
  readonly types: TypeProvider;
  readonly settings: Settings;
  readonly costs: CostModel | undefined;
  readonly #variables: Readonly<Record<string, CelType>>;
  readonly #tables: Tables;

  constructor({ variables = {}, libraries = NO_LIBRARIES, types, settings = {}, costs }: EnvironmentParts) {
    this.settings = settings;
    this.costs = costs;
    this.types = types ?? NO_TYPES;
    this.#variables = variables;
    this.#tables = tables.getOrInsertComputed(libraries, tablesOf);
  }

  get functions(): ReadonlyMap<string, FunctionDeclaration> {
    return this.#tables.functions;
  }

  get macros(): ReadonlyMap<string, Macro> {
    return this.#tables.macros;
  }

  overload(id: string): Overload | undefined {
    return this.#tables.overloads.get(id);
  }

  /** What libraries have to say of a call with literals. */
  checkLiterals(call: Call, typeOf: (id: number) => CelType): readonly LiteralFinding[] {
    return this.#tables.checks.flatMap((check) => check(call, typeOf));
  }

  /** Comparisons between different kinds of numbers are there only when asked for. */
  isHidden(overload: string): boolean {
    return !this.settings.crossTypeComparisons && CROSS_TYPE.test(overload);
  }

  lookup(name: string): { readonly type: CelType; readonly isVariable: boolean } | undefined {
    const variable = Object.hasOwn(this.#variables, name) ? this.#variables[name] : undefined;
    if (variable) return { type: variable, isVariable: true };
    const type = this.#tables.typeNames.get(name) ?? this.types.find(name);
    return type && { type: typeOfType(type), isVariable: false };
  }
}

const CROSS_TYPE =
  /^(less|less_equals|greater|greater_equals)_(double_(int64|uint64)|int64_(double|uint64)|uint64_(double|int64))$/;

const NO_TYPES: TypeProvider = { find: () => undefined, field: () => undefined };

function tablesOf(libraries: readonly Library[]): Tables {
  const functions = merged(libraries);
  const overloads = [...functions.values()].flatMap((declared) => declared.overloads);
  const macros = libraries.flatMap((library) => library.macros ?? []);
  const types = libraries.flatMap((library) => library.types ?? []);
  return {
    functions,
    overloads: new Map(overloads.map((overload) => [overload.id, overload])),
    macros: new Map(macros.map((macro) => [macroKey(macro), macro])),
    typeNames: new Map(types.map((type) => [type.name, type])),
    checks: libraries.flatMap((library) => library.checks ?? []),
  };
}

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
