/** `list.sum()`, `min()`, `max()`, `isSorted()`, `indexOf(x)`, `lastIndexOf(x)`. */

import { add } from "@knarr/cel/arithmetic.ts";
import { equal } from "@knarr/cel/equality.ts";
import { member } from "@knarr/cel/libraries/signature.ts";
import type { FunctionDeclaration, Library } from "@knarr/cel/library.ts";
import { compare } from "@knarr/cel/order.ts";
import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  INT,
  listOf,
  param,
  STRING,
  TIMESTAMP,
  UINT,
  type CelType,
} from "@knarr/cel/types.ts";
import {
  Double,
  Duration,
  Failure,
  Uint,
  type CelValue,
  type ListValue,
  type Outcome,
} from "@knarr/cel/values.ts";

const comparable: readonly (readonly [string, CelType])[] = [
  ["int", INT],
  ["uint", UINT],
  ["double", DOUBLE],
  ["bool", BOOL],
  ["duration", DURATION],
  ["timestamp", TIMESTAMP],
  ["string", STRING],
  ["bytes", BYTES],
];
const summable: readonly (readonly [string, CelType, CelValue])[] = [
  ["int", INT, 0],
  ["uint", UINT, new Uint(0)],
  ["double", DOUBLE, new Double(0)],
  ["duration", DURATION, new Duration(0n)],
];

function isSorted(list: ListValue): Outcome {
  let before: CelValue | undefined;
  for (const value of list) {
    if (value instanceof Failure) return value;
    if (before !== undefined && isMore(before, value)) return false;
    before = value;
  }
  return true;
}

/** What cannot be compared is not more. */
function isMore(one: CelValue, other: CelValue): boolean {
  const order = compare(one, other, "_>_");
  return !(order instanceof Failure) && order > 0;
}

const sum =
  (zero: CelValue) =>
  (list: ListValue): Outcome => {
    let total: Outcome = zero;
    for (const value of list) {
      if (value instanceof Failure) return value;
      total = add(total as CelValue, value);
      if (total instanceof Failure) return total;
    }
    return total;
  };

/** The first of those that come before, or after, all others. */
const extreme =
  (name: "min" | "max") =>
  (list: ListValue): Outcome => {
    let found: CelValue | undefined;
    for (const value of list) {
      if (value instanceof Failure) return value;
      const isBetter = found === undefined || (name === "min" ? isMore(found, value) : isMore(value, found));
      if (isBetter) found = value;
    }
    return found === undefined ? new Failure(`${name} called on empty list`) : found;
  };

function indexOf(list: ListValue, value: CelValue): Outcome {
  for (let index = 0; index < list.size; index++) if (equal(list.at(index), value) === true) return index;
  return -1;
}

function lastIndexOf(list: ListValue, value: CelValue): Outcome {
  for (let index = list.size - 1; index >= 0; index--)
    if (equal(list.at(index), value) === true) return index;
  return -1;
}

function ofComparable(name: "min" | "max"): FunctionDeclaration {
  const call = extreme(name);
  return {
    name,
    overloads: comparable.map(([word, type]) =>
      member({ id: `list_${word}_${name}_${word}`, params: [listOf(type)], result: type }, call),
    ),
  };
}

const A = param("A");

export const lists: Library = {
  name: "kubernetes.lists",
  functions: [
    {
      name: "isSorted",
      overloads: comparable.map(([word, type]) =>
        member({ id: `list_${word}_is_sorted_bool`, params: [listOf(type)], result: BOOL }, isSorted),
      ),
    },
    {
      name: "sum",
      overloads: summable.map(([word, type, zero]) =>
        member({ id: `list_${word}_sum_${word}`, params: [listOf(type)], result: type }, sum(zero)),
      ),
    },
    ofComparable("max"),
    ofComparable("min"),
    {
      name: "indexOf",
      overloads: [member({ id: "list_a_index_of_int", params: [listOf(A), A], result: INT }, indexOf)],
    },
    {
      name: "lastIndexOf",
      overloads: [
        member({ id: "list_a_last_index_of_int", params: [listOf(A), A], result: INT }, lastIndexOf),
      ],
    },
  ],
};
