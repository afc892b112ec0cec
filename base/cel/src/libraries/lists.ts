/** More functions on lists: cel-go's extension `lists`, version 3, with the costs that it gives them. */

import { equal } from "../equality.ts";
import {
  addRanges,
  fixed,
  scaleRange,
  timesRanges,
  UNBOUNDED,
  type CallEstimate,
  type CostNode,
  type Range,
} from "../estimate.ts";
import type { CallCost, FunctionDeclaration, Library, Macro } from "../library.ts";
import { MacroError } from "../library.ts";
import { ArrayList } from "../lists.ts";
import { variableName } from "../macro-factory.ts";
import { collect } from "../macros.ts";
import { compare } from "../order.ts";
import { sizeOf, TEXT_COST } from "../default-costs.ts";
import { typeOf } from "../type-of.ts";
import { BOOL, BYTES, DOUBLE, DURATION, DYN, INT, listOf, param, STRING, TIMESTAMP, UINT } from "../types.ts";
import { Failure, ListValue, type CelValue, type Outcome } from "../values.ts";
import { member, overload, type Estimate } from "./signature.ts";

const T = param("T");
const list = listOf(T);
const comparable = [INT, UINT, DOUBLE, BOOL, DURATION, TIMESTAMP, STRING, BYTES];
const NEW_LIST = 10;

const values = (of: ListValue): CelValue[] => [...of] as CelValue[];

/** One call and a new list, beside what walking `size` elements costs. */
const allocating = (factor: number, size: number): number => Math.floor(size * factor) + 1 + NEW_LIST;

function estimated(factor: number, size: Range): CallEstimate {
  return { cost: addRanges(scaleRange(size, factor), fixed(BigInt(1 + NEW_LIST))), size };
}

/** The number that a literal says; otherwise what may be. */
function literalOr(node: CostNode, otherwise: bigint): bigint {
  const { expression } = node;
  if (expression.kind !== "literal") return otherwise;
  const { value } = expression;
  if (typeof value !== "number" && typeof value !== "bigint") return otherwise;
  return value < 0 ? 0n : BigInt(value);
}

const resultSize: CallCost = (_, result) => allocating(1, sizeOf(result));

function slice(of: ListValue, start: number | bigint, end: number | bigint): Outcome {
  const wrong = (why: string): Failure => new Failure(`cannot slice(${start}, ${end}), ${why}`);
  if (start < 0 || end < 0) return wrong("negative indexes not supported");
  if (start > end) return wrong("start index must be less than or equal to end index");
  if (of.size < end) return wrong(`list is length ${of.size}`);
  return new ArrayList(values(of).slice(Number(start), Number(end)));
}

function flattened(of: ListValue, depth: number | bigint = 1): Outcome {
  if (depth < 0) return new Failure("level must be non-negative");
  const flat: CelValue[] = [];
  const add = (inner: ListValue, left: number): void => {
    for (const value of inner) {
      if (left > 0 && value instanceof ListValue) add(value, left - 1);
      else flat.push(value as CelValue);
    }
  };
  add(of, Number(depth));
  return new ArrayList(flat);
}

const flattenCost: CallCost = ([of, depth]) =>
  allocating(depth === undefined ? 1 : Number(depth as number), sizeOf(of!));

const flattenEstimate: Estimate = (sizes, target, [depth]) =>
  target && estimated(depth ? Number(literalOr(depth, UNBOUNDED)) : 1, sizes.of(target));

/** `of` in the order of `keys`, each of which belongs to the element at its place. */
function sortedBy(of: ListValue, keys: ListValue): Outcome {
  if (of.size !== keys.size) {
    return new Failure(
      "@sortByAssociatedKeys() expected a list of the same size as the associated keys list, " +
        `but got ${of.size} and ${keys.size} elements respectively`,
    );
  }
  if (of.size === 0) return of;
  const all = values(keys);
  const { name } = typeOf(all[0]!);
  const first = compare(all[0]!, all[0]!, "_<_");
  if (first instanceof Failure && !first.message.includes("NaN"))
    return new Failure("list elements must be comparable");
  if (all.some((key) => typeOf(key).name !== name))
    return new Failure("list elements must have the same type");
  const order = all.map((_, index) => index);
  order.sort((one, other) => {
    const before = compare(all[one]!, all[other]!, "_<_");
    return before instanceof Failure ? 0 : before;
  });
  const elements = values(of);
  return new ArrayList(order.map((index) => elements[index]!));
}

/** Every element with every other. */
const selfCompare =
  (which: number): CallCost =>
  (args) => {
    const of = args[which];
    if (!(of instanceof ListValue) || of.size === 0) return allocating(2, 0);
    const first = of.at(0);
    const isText = typeof first === "string" || first instanceof Uint8Array;
    return allocating(2 + (isText ? TEXT_COST : 0), of.size * of.size);
  };

function sortEstimate(size: Range, isText: boolean): CallEstimate {
  return estimated(2 + (isText ? TEXT_COST : 0), timesRanges(size, size));
}

function distinct(of: ListValue): Outcome {
  if (of.size === 0) return of;
  const kept: CelValue[] = [];
  for (const value of of) {
    if (!kept.some((other) => equal(value, other) === true)) kept.push(value as CelValue);
  }
  return new ArrayList(kept);
}

const INPUT = "@__sortBy_input__";

/** `x.sortBy(e, key(e))` sorts by the keys that it makes first. */
const sortBy: Macro = {
  name: "sortBy",
  isMember: true,
  count: 2,
  expand(factory, target, [argument, key]) {
    const input = factory.ident(INPUT);
    if (!["list", "select", "ident", "fold", "call"].includes(target!.kind)) {
      throw new MacroError(
        "sortBy can only be applied to a list, identifier, comprehension, call or select expression",
        target,
      );
    }
    const range = factory.copy(input);
    const variable = variableName(argument!, "argument is not an identifier");
    const collected = collect(factory, { predicate: undefined, value: key! });
    const keys = factory.fold({ range, variable, ...collected });
    const sorted = factory.member("@sortByAssociatedKeys", factory.copy(input), keys);
    const empty = factory.list();
    const never = factory.literal(false);
    return factory.fold({
      range: empty,
      variable: "#unused",
      accumulator: INPUT,
      init: target!,
      condition: never,
      step: input,
      result: sorted,
    });
  },
};

const sort: FunctionDeclaration = {
  name: "sort",
  overloads: comparable.map((type) =>
    member({ id: `list_${type.name}_sort`, params: [listOf(type)], result: listOf(type) }, undefined, {
      cost: selfCompare(0),
      estimate: (sizes, target) =>
        target && sortEstimate(sizes.of(target), type === STRING || type === BYTES),
    }),
  ),
  call: (of: CelValue) =>
    of instanceof ListValue ? sortedBy(of, of) : new Failure("no such overload: sort"),
};

const sortByKeys: FunctionDeclaration = {
  name: "@sortByAssociatedKeys",
  overloads: comparable.map((type) =>
    member(
      { id: `list_${type.name}_sortByAssociatedKeys`, params: [list, listOf(type)], result: list },
      undefined,
      {
        cost: selfCompare(1),
        estimate: (sizes, _, [keys]) =>
          keys && sortEstimate(sizes.of(keys), type === STRING || type === BYTES),
      },
    ),
  ),
  call: (of: CelValue, keys: CelValue) =>
    of instanceof ListValue && keys instanceof ListValue
      ? sortedBy(of, keys)
      : new Failure("no such overload: @sortByAssociatedKeys"),
};

export const lists: Library = {
  name: "lists",
  macros: [sortBy],
  functions: [
    {
      name: "slice",
      overloads: [
        member({ id: "list_slice", params: [list, INT, INT], result: list }, slice, {
          cost: resultSize,
          estimate(sizes, target, [start, end]) {
            const size = target && sizes.of(target);
            if (!size || !start || !end) return undefined;
            const length = BigInt.asUintN(64, literalOr(end, size.max) - literalOr(start, 0n));
            return estimated(1, fixed(length));
          },
        }),
      ],
    },
    {
      name: "flatten",
      overloads: [
        member({ id: "list_flatten", params: [listOf(list)], result: list }, flattened, {
          cost: flattenCost,
          estimate: flattenEstimate,
        }),
        member({ id: "list_flatten_int", params: [listOf(DYN), INT], result: listOf(DYN) }, flattened, {
          cost: flattenCost,
          estimate: flattenEstimate,
        }),
      ],
    },
    sort,
    sortByKeys,
    {
      name: "lists.range",
      overloads: [
        overload(
          { id: "lists_range", params: [INT], result: listOf(INT) },
          (count: number | bigint) =>
            new ArrayList(Array.from({ length: Math.max(0, Number(count)) }, (_, n) => n)),
          {
            cost: resultSize,
            estimate: (_, __, [count]) => estimated(1, fixed(literalOr(count!, UNBOUNDED))),
          },
        ),
      ],
    },
    {
      name: "reverse",
      overloads: [
        member(
          { id: "list_reverse", params: [list], result: list },
          (of: ListValue) => new ArrayList(values(of).reverse()),
          { cost: resultSize, estimate: (sizes, target) => target && estimated(1, sizes.of(target)) },
        ),
      ],
    },
    {
      name: "distinct",
      overloads: [
        member({ id: "list_distinct", params: [list], result: list }, distinct, {
          cost: selfCompare(0),
          estimate(sizes, target) {
            const size = target && sizes.of(target);
            return size && estimated(2, timesRanges(size, size));
          },
        }),
      ],
    },
  ],
};
