/** Optional values: `optional.of(x)`, `a.?b.orValue(c)`, `x.optMap(v, …)`. Goes with the setting `optionals`. */

import type { FunctionDeclaration, Library, Macro } from "../library.ts";
import { MacroError } from "../library.ts";
import { ArrayList } from "../lists.ts";
import { NONE, OPTIONAL, OptionalValue } from "../optional.ts";
import { show } from "../show.ts";
import type { Step } from "../step.ts";
import { BOOL, DYN, INT, listOf, mapOf, optionalOf, param, STRING } from "../types.ts";
import {
  Double,
  Duration,
  Failure,
  ListValue,
  MapValue,
  StructValue,
  Timestamp,
  Uint,
  type CelValue,
  type Outcome,
} from "../values.ts";
import { MIN_SECONDS } from "../time.ts";
import { member, overload } from "./signature.ts";

const K = param("K");
const V = param("V");
const optional = optionalOf(V);

/** `a.or(b)` and `a.orValue(b)` look at `b` only when they need it, and cost no more than it does. */
export function optionalOrStep({
  left,
  right,
  unwraps,
}: {
  readonly left: Step;
  readonly right: Step;
  readonly unwraps: boolean;
}): Step {
  return (state) => {
    const first = left(state);
    if (!(first instanceof OptionalValue)) return first;
    if (first.inner === undefined) return right(state);
    return unwraps ? first.inner : first;
  };
}

function isZero(value: CelValue): boolean {
  if (value === null || value === false || value === 0 || value === "") return true;
  if (value instanceof Double || value instanceof Uint) return value.value === 0;
  if (value instanceof ListValue || value instanceof MapValue) return value.size === 0;
  if (value instanceof StructValue) return value.isZero;
  if (value instanceof Duration) return value.nanos === 0n;
  if (value instanceof Timestamp) return value.seconds === MIN_SECONDS && value.nanos === 0;
  return value instanceof Uint8Array && value.length === 0;
}

function unwrap(list: ListValue): Outcome {
  const found: CelValue[] = [];
  for (const value of list) {
    if (!(value instanceof OptionalValue)) return new Failure(`value ${show(value)} is not optional`);
    if (value.inner !== undefined) found.push(value.inner);
  }
  return new ArrayList(found);
}

const functions: readonly FunctionDeclaration[] = [
  {
    name: "optional.of",
    overloads: [
      overload(
        { id: "optional_of", params: [V], result: optional },
        (value: CelValue) => new OptionalValue(value),
      ),
    ],
  },
  {
    name: "optional.ofNonZeroValue",
    overloads: [
      overload({ id: "optional_ofNonZeroValue", params: [V], result: optional }, (value: CelValue) =>
        isZero(value) ? NONE : new OptionalValue(value),
      ),
    ],
  },
  {
    name: "optional.none",
    overloads: [overload({ id: "optional_none", params: [], result: optional }, () => NONE)],
  },
  {
    name: "value",
    overloads: [
      member({ id: "optional_value", params: [optional], result: V }, ({ value }: OptionalValue) => value),
    ],
  },
  {
    name: "hasValue",
    overloads: [
      member(
        { id: "optional_hasValue", params: [optional], result: BOOL },
        ({ inner }: OptionalValue) => inner !== undefined,
      ),
    ],
  },
  {
    name: "or",
    overloads: [member({ id: "optional_or_optional", params: [optional, optional], result: optional })],
  },
  {
    name: "orValue",
    overloads: [member({ id: "optional_orValue_value", params: [optional, V], result: V })],
  },
  {
    name: "_?._",
    overloads: [overload({ id: "select_optional_field", params: [DYN, STRING], result: optional })],
  },
  {
    name: "_[?_]",
    overloads: [
      overload({ id: "list_optindex_optional_int", params: [listOf(V), INT], result: optional }),
      overload({
        id: "optional_list_optindex_optional_int",
        params: [optionalOf(listOf(V)), INT],
        result: optional,
      }),
      overload({ id: "map_optindex_optional_value", params: [mapOf(K, V), K], result: optional }),
      overload({
        id: "optional_map_optindex_optional_value",
        params: [optionalOf(mapOf(K, V)), K],
        result: optional,
      }),
    ],
  },
  {
    name: "_[_]",
    overloads: [
      overload({ id: "optional_list_index_int", params: [optionalOf(listOf(V)), INT], result: optional }),
      overload({ id: "optional_map_index_value", params: [optionalOf(mapOf(K, V)), K], result: optional }),
    ],
  },
  {
    name: "last",
    overloads: [
      member({ id: "list_last", params: [listOf(V)], result: optional }, (list: ListValue) =>
        list.size === 0 ? NONE : new OptionalValue(list.at(list.size - 1) as CelValue),
      ),
    ],
  },
  {
    name: "first",
    overloads: [
      member({ id: "list_first", params: [listOf(V)], result: optional }, (list: ListValue) =>
        list.size === 0 ? NONE : new OptionalValue(list.at(0) as CelValue),
      ),
    ],
  },
  {
    name: "optional.unwrap",
    overloads: [overload({ id: "optional_unwrap", params: [listOf(optional)], result: listOf(V) }, unwrap)],
  },
  {
    name: "unwrapOpt",
    overloads: [member({ id: "optional_unwrapOpt", params: [listOf(optional)], result: listOf(V) }, unwrap)],
  },
];

/** `x.optMap(v, f(v))`: an optional of what `f` makes of the value, if there is one; `optFlatMap` when `f` gives optionals. */
function mapping(name: "optMap" | "optFlatMap"): Macro {
  return {
    name,
    isMember: true,
    count: 2,
    expand(factory, target, [argument, mapped]) {
      if (argument!.kind !== "ident") {
        throw new MacroError(`${name}() variable name must be a simple identifier`, argument);
      }
      const variable = argument!.name;
      const has = factory.member("hasValue", target!);
      const range = factory.list();
      const init = factory.member("value", factory.copy(target!));
      const condition = factory.literal(false);
      const step = factory.ident(variable);
      const fold = { range, variable: "#unused", accumulator: variable, init, condition, step };
      const bound = factory.fold({ ...fold, result: mapped! });
      const then = name === "optMap" ? factory.call("optional.of", bound) : bound;
      return factory.call("_?_:_", has, then, factory.call("optional.none"));
    },
  };
}

export const optionals: Library = {
  name: "optionals",
  types: [OPTIONAL],
  macros: [mapping("optMap"), mapping("optFlatMap")],
  functions,
};
