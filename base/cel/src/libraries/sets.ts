/** Lists as sets: cel-go's extension `sets`. */

import { contains } from "../equality.ts";
import { addRanges, fixed, scaleRange, timesRanges } from "../estimate.ts";
import { sizeOf } from "../default-costs.ts";
import type { FunctionDeclaration, Library } from "../library.ts";
import { BOOL, listOf, param } from "../types.ts";
import type { CelValue, ListValue, Outcome } from "../values.ts";
import { overload, type Call } from "./signature.ts";

const list = listOf(param("T"));

function containsAll(all: ListValue, some: ListValue): Outcome {
  for (const value of some) {
    const found = contains(all, value as CelValue);
    if (found !== true) return found;
  }
  return true;
}

function intersects(one: ListValue, other: ListValue): Outcome {
  for (const value of one) if (contains(other, value as CelValue) === true) return true;
  return false;
}

function equivalent(one: ListValue, other: ListValue): Outcome {
  const all = containsAll(one, other);
  return all === true ? containsAll(other, one) : all;
}

/** Costs as much as comparing every element of one with every element of the other, `times` over. */
function set(name: string, times: number, call: Call): FunctionDeclaration {
  const id = `list_sets_${name}_list`;
  return {
    name: `sets.${name}`,
    overloads: [
      overload({ id, params: [list, list], result: BOOL }, call, {
        cost: ([one, other]) => 1 + Math.floor(sizeOf(one!) * sizeOf(other!) * times),
        estimate(sizes, _, [one, other]) {
          const pairs = timesRanges(sizes.of(one!), sizes.of(other!));
          return { cost: addRanges(scaleRange(pairs, times), fixed(1n)) };
        },
      }),
    ],
  };
}

export const sets: Library = {
  name: "sets",
  functions: [
    set("contains", 1, containsAll),
    set("equivalent", 2, equivalent),
    set("intersects", 1, intersects),
  ],
};
