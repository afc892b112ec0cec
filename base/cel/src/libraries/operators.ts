/** The operators, as functions with overloads. Those without a `call` the planner knows itself. */

import { add, divide, modulo, multiply, negate, not, subtract, type Operation } from "../arithmetic.ts";
import { contains } from "../equality.ts";
import type { FunctionDeclaration, Overload } from "../library.ts";
import { compare } from "../order.ts";
import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  INT,
  listOf,
  mapOf,
  param,
  STRING,
  TIMESTAMP,
  UINT,
  type CelType,
} from "../types.ts";
import { Failure, ListValue, MapValue, type CelValue, type Outcome } from "../values.ts";

const A = param("A");
const B = param("B");

const overload = (id: string, params: readonly CelType[], result: CelType): Overload => ({
  id,
  params,
  result,
});

/** `name` → overloads of two arguments of the types named, with the result that goes with them. */
function binary(
  name: string,
  call: Operation | undefined,
  overloads: readonly (readonly [id: string, left: CelType, right: CelType, result: CelType])[],
): FunctionDeclaration {
  return {
    name,
    overloads: overloads.map(([id, left, right, result]) => overload(id, [left, right], result)),
    ...(call && { call }),
  };
}

function comparison(name: string, word: string, holds: (order: number) => boolean): FunctionDeclaration {
  const call = (left: CelValue, right: CelValue): Outcome => {
    const order = compare(left, right, name);
    return order instanceof Failure ? order : holds(order);
  };
  return binary(name, call, [
    [`${word}_bool`, BOOL, BOOL, BOOL],
    [`${word}_int64`, INT, INT, BOOL],
    [`${word}_int64_double`, INT, DOUBLE, BOOL],
    [`${word}_int64_uint64`, INT, UINT, BOOL],
    [`${word}_uint64`, UINT, UINT, BOOL],
    [`${word}_uint64_double`, UINT, DOUBLE, BOOL],
    [`${word}_uint64_int64`, UINT, INT, BOOL],
    [`${word}_double`, DOUBLE, DOUBLE, BOOL],
    [`${word}_double_int64`, DOUBLE, INT, BOOL],
    [`${word}_double_uint64`, DOUBLE, UINT, BOOL],
    [`${word}_string`, STRING, STRING, BOOL],
    [`${word}_bytes`, BYTES, BYTES, BOOL],
    [`${word}_timestamp`, TIMESTAMP, TIMESTAMP, BOOL],
    [`${word}_duration`, DURATION, DURATION, BOOL],
  ]);
}

function inAggregate(value: CelValue, aggregate: CelValue): Outcome {
  if (aggregate instanceof ListValue) return contains(aggregate, value);
  if (!(aggregate instanceof MapValue)) return new Failure("no such overload");
  if (aggregate.includes) return aggregate.includes(value);
  const found = aggregate.find(value);
  return found instanceof Failure ? found : found !== undefined;
}

export const operators: readonly FunctionDeclaration[] = [
  { name: "_?_:_", overloads: [overload("conditional", [BOOL, A, A], A)] },
  { name: "_&&_", overloads: [overload("logical_and", [BOOL, BOOL], BOOL)] },
  { name: "_||_", overloads: [overload("logical_or", [BOOL, BOOL], BOOL)] },
  { name: "!_", overloads: [overload("logical_not", [BOOL], BOOL)], call: not },
  { name: "@not_strictly_false", overloads: [overload("not_strictly_false", [BOOL], BOOL)] },
  binary("_==_", undefined, [["equals", A, A, BOOL]]),
  binary("_!=_", undefined, [["not_equals", A, A, BOOL]]),
  binary("_+_", add, [
    ["add_bytes", BYTES, BYTES, BYTES],
    ["add_double", DOUBLE, DOUBLE, DOUBLE],
    ["add_duration_duration", DURATION, DURATION, DURATION],
    ["add_duration_timestamp", DURATION, TIMESTAMP, TIMESTAMP],
    ["add_timestamp_duration", TIMESTAMP, DURATION, TIMESTAMP],
    ["add_int64", INT, INT, INT],
    ["add_list", listOf(A), listOf(A), listOf(A)],
    ["add_string", STRING, STRING, STRING],
    ["add_uint64", UINT, UINT, UINT],
  ]),
  binary("_/_", divide, [
    ["divide_double", DOUBLE, DOUBLE, DOUBLE],
    ["divide_int64", INT, INT, INT],
    ["divide_uint64", UINT, UINT, UINT],
  ]),
  binary("_%_", modulo, [
    ["modulo_int64", INT, INT, INT],
    ["modulo_uint64", UINT, UINT, UINT],
  ]),
  binary("_*_", multiply, [
    ["multiply_double", DOUBLE, DOUBLE, DOUBLE],
    ["multiply_int64", INT, INT, INT],
    ["multiply_uint64", UINT, UINT, UINT],
  ]),
  {
    name: "-_",
    overloads: [overload("negate_double", [DOUBLE], DOUBLE), overload("negate_int64", [INT], INT)],
    call: negate,
  },
  binary("_-_", subtract, [
    ["subtract_double", DOUBLE, DOUBLE, DOUBLE],
    ["subtract_duration_duration", DURATION, DURATION, DURATION],
    ["subtract_int64", INT, INT, INT],
    ["subtract_timestamp_duration", TIMESTAMP, DURATION, TIMESTAMP],
    ["subtract_timestamp_timestamp", TIMESTAMP, TIMESTAMP, DURATION],
    ["subtract_uint64", UINT, UINT, UINT],
  ]),
  comparison("_<_", "less", (order) => order < 0),
  comparison("_<=_", "less_equals", (order) => order <= 0),
  comparison("_>_", "greater", (order) => order > 0),
  comparison("_>=_", "greater_equals", (order) => order >= 0),
  {
    name: "_[_]",
    overloads: [overload("index_list", [listOf(A), INT], A), overload("index_map", [mapOf(A, B), A], B)],
  },
  binary("@in", inAggregate, [
    ["in_list", A, listOf(A), BOOL],
    ["in_map", A, mapOf(A, B), BOOL],
  ]),
];
