/** The macros of the standard: `has`, `all`, `exists`, `exists_one`, `map`, `filter`. */

import type { Macro, MacroFactory } from "./library.ts";
import { MacroError } from "./library.ts";
import { variableName } from "./macro-factory.ts";
import type { Expression } from "./syntax.ts";

const has: Macro = {
  name: "has",
  isMember: false,
  count: 1,
  expand(factory, _target, [field]) {
    if (field!.kind !== "select") throw new MacroError("invalid argument to has() macro", field);
    return factory.has(field!.operand, field!.field);
  },
};

/** How `all`, `exists` and `exists_one` collect what the predicate says; with one variable or with two. */
type Quantifier = (
  factory: MacroFactory,
  predicate: Expression,
) => { init: Expression; condition: Expression; step: Expression; result: Expression };

export const quantifiers = {
  all: (factory, predicate) => {
    const init = factory.literal(true);
    const condition = factory.call("@not_strictly_false", accumulated(factory));
    const step = factory.call("_&&_", accumulated(factory), predicate);
    return { init, condition, step, result: accumulated(factory) };
  },
  exists: (factory, predicate) => {
    const init = factory.literal(false);
    const condition = factory.call("@not_strictly_false", factory.call("!_", accumulated(factory)));
    const step = factory.call("_||_", accumulated(factory), predicate);
    return { init, condition, step, result: accumulated(factory) };
  },
  existsOne: (factory, predicate) => {
    const init = factory.literal(0);
    const condition = factory.literal(true);
    const more = factory.call("_+_", accumulated(factory), factory.literal(1));
    const step = factory.call("_?_:_", predicate, more, accumulated(factory));
    return { init, condition, step, result: factory.call("_==_", accumulated(factory), factory.literal(1)) };
  },
} satisfies Record<string, Quantifier>;

const accumulated = (factory: MacroFactory): Expression => factory.ident(factory.accumulator);

function quantifier(name: string, quantify: Quantifier): Macro {
  return {
    name,
    isMember: true,
    count: 2,
    expand(factory, range, [argument, predicate]) {
      const variable = variableName(argument!, "argument must be a simple name");
      return factory.fold({ range: range!, variable, ...quantify(factory, predicate!) });
    },
  };
}

/** `map(x, value)` and `map(x, predicate, value)`. */
function map(count: 2 | 3): Macro {
  return {
    name: "map",
    isMember: true,
    count,
    expand(factory, range, args) {
      const variable = variableName(args[0]!, "argument is not an identifier");
      const predicate = count === 3 ? args[1] : undefined;
      return factory.fold({
        range: range!,
        variable,
        ...collect(factory, { predicate, value: args.at(-1)! }),
      });
    },
  };
}

const filter: Macro = {
  name: "filter",
  isMember: true,
  count: 2,
  expand(factory, range, [argument, predicate]) {
    const variable = variableName(argument!, "argument is not an identifier");
    return factory.fold({ range: range!, variable, ...collect(factory, { predicate, value: argument! }) });
  },
};

/** A list of the values for which the predicate holds. */
export function collect(
  factory: MacroFactory,
  { predicate, value }: { readonly predicate: Expression | undefined; readonly value: Expression },
): ReturnType<Quantifier> {
  const init = factory.list();
  const condition = factory.literal(true);
  let step = factory.call("_+_", accumulated(factory), factory.list(value));
  if (predicate) step = factory.call("_?_:_", predicate, step, accumulated(factory));
  return { init, condition, step, result: accumulated(factory) };
}

export const standardMacros: readonly Macro[] = [
  has,
  quantifier("all", quantifiers.all),
  quantifier("exists", quantifiers.exists),
  quantifier("exists_one", quantifiers.existsOne),
  map(2),
  map(3),
  filter,
];
