/** Macros with two variables, index or key first: cel-go's extension `comprev2`. */

import type { FunctionDeclaration, Library, Macro, MacroFactory } from "../library.ts";
import { MacroError } from "../library.ts";
import { variableName } from "../macro-factory.ts";
import { collect, quantifiers } from "../macros.ts";
import { GrowingMap } from "../maps.ts";
import type { Expression, Fold } from "../syntax.ts";
import { mapOf, param } from "../types.ts";
import { Failure, type CelValue, type MapValue, type Outcome } from "../values.ts";
import { overload } from "./signature.ts";

const NAME = "argument must be a simple name";

type Parts = Pick<Fold, "init" | "condition" | "step" | "result">;

/** `fold` makes the rest from what comes after the two variables. */
function twoVariables(
  name: string,
  count: number,
  fold: (factory: MacroFactory, rest: readonly Expression[], key: string) => Parts,
): Macro {
  return {
    name,
    isMember: true,
    count,
    expand(factory, range, [first, other, ...rest]) {
      const [variable, second] = variables(first!, other!);
      return factory.fold({ range: range!, variable, second, ...fold(factory, rest, variable) });
    },
  };
}

/** Both must be names before either is looked at any closer. */
function variables(first: Expression, other: Expression): [string, string] {
  for (const argument of [first, other]) if (argument.kind !== "ident") throw new MacroError(NAME, argument);
  const [one, two] = [first, other] as [Expression & { name: string }, Expression & { name: string }];
  if (one.name === two.name) throw new MacroError(`duplicate variable name: ${one.name}`, other);
  return [variableName(first, NAME), variableName(other, NAME)];
}

/** A map of what is put in for each element, or for those for which the predicate holds. */
function collectMap(
  factory: MacroFactory,
  { predicate, put }: { readonly predicate: Expression | undefined; readonly put: () => Expression[] },
): Parts {
  const accumulated = (): Expression => factory.ident(factory.accumulator);
  let step = factory.call(INSERT, accumulated(), ...put());
  if (predicate) step = factory.call("_?_:_", predicate, step, accumulated());
  const init = factory.emptyMap();
  return { init, condition: factory.literal(true), step, result: accumulated() };
}

const INSERT = "cel.@mapInsert";
const K = param("K");
const V = param("V");
const map = mapOf(K, V);

function inserted(into: MapValue, entries: Iterable<readonly [CelValue, CelValue]>): Outcome {
  const grown = into instanceof GrowingMap ? into : copyOf(into);
  for (const [key, value] of entries) {
    const result = grown.insert(key, value);
    if (result instanceof Failure) return result;
  }
  return grown;
}

function copyOf(of: MapValue): GrowingMap {
  return new GrowingMap(entriesOf(of));
}

const entriesOf = (of: MapValue): (readonly [CelValue, CelValue])[] =>
  [...of.keys()].map((key) => [key, of.find(key) as CelValue] as const);

const mapInsert: FunctionDeclaration = {
  name: INSERT,
  overloads: [
    overload({ id: "@mapInsert_map_key_value", params: [map, K, V], result: map }, (into, key, value) =>
      inserted(into, [[key, value]]),
    ),
    overload({ id: "@mapInsert_map_map", params: [map, map], result: map }, (into, more) =>
      inserted(into, entriesOf(more)),
    ),
  ],
};

const list = (factory: MacroFactory, rest: readonly Expression[]): Parts =>
  collect(factory, { predicate: rest.length === 2 ? rest[0] : undefined, value: rest.at(-1)! });

const mapped = (factory: MacroFactory, rest: readonly Expression[], key: string): Parts =>
  collectMap(factory, {
    predicate: rest.length === 2 ? rest[0] : undefined,
    put: () => [factory.ident(key), rest.at(-1)!],
  });

const entry = (factory: MacroFactory, rest: readonly Expression[]): Parts =>
  collectMap(factory, { predicate: rest.length === 2 ? rest[0] : undefined, put: () => [rest.at(-1)!] });

export const comprehensions: Library = {
  name: "comprehensions",
  functions: [mapInsert],
  macros: [
    twoVariables("all", 3, (factory, [predicate]) => quantifiers.all(factory, predicate!)),
    twoVariables("exists", 3, (factory, [predicate]) => quantifiers.exists(factory, predicate!)),
    twoVariables("existsOne", 3, (factory, [predicate]) => quantifiers.existsOne(factory, predicate!)),
    twoVariables("exists_one", 3, (factory, [predicate]) => quantifiers.existsOne(factory, predicate!)),
    twoVariables("transformList", 3, list),
    twoVariables("transformList", 4, list),
    twoVariables("transformMap", 3, mapped),
    twoVariables("transformMap", 4, mapped),
    twoVariables("transformMapEntry", 3, entry),
    twoVariables("transformMapEntry", 4, entry),
  ],
};
