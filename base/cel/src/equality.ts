/**
 * What equals what. Values of different kinds are not equal, which is no error; numbers are, across their kinds; lists and
 * maps are compared by their contents, unless they have an equality of their own.
 */

import { isNumber, isSameNumber } from "./order.ts";
import {
  Duration,
  Failure,
  ListValue,
  MapValue,
  OpaqueValue,
  StructValue,
  Timestamp,
  TypeValue,
  type CelValue,
  type Outcome,
} from "./values.ts";

export function equal(left: Outcome, right: Outcome): boolean | Failure {
  if (left instanceof Failure) return left;
  if (right instanceof Failure) return right;
  if (left === right) return true;
  if (left === null || right === null) return false;
  switch (typeof left) {
    case "string":
    case "boolean":
      return false;
    case "number":
      if (typeof right === "number") return false;
  }
  if (isNumber(left)) return isNumber(right) && isSameNumber(left, right);
  if (left instanceof ListValue) return left.equals ? left.equals(right) : equalLists(left, right);
  if (left instanceof MapValue) return left.equals ? left.equals(right) : equalMaps(left, right);
  if (left instanceof OpaqueValue) return left.equals(right);
  if (left instanceof StructValue) return left.equals?.(right) ?? false;
  if (left instanceof Timestamp) {
    return right instanceof Timestamp && left.seconds === right.seconds && left.nanos === right.nanos;
  }
  if (left instanceof Duration) return right instanceof Duration && left.nanos === right.nanos;
  if (left instanceof TypeValue) return right instanceof TypeValue && left.type.name === right.type.name;
  return left instanceof Uint8Array && right instanceof Uint8Array && Buffer.compare(left, right) === 0;
}

/** Elements that cannot be compared do not make lists different. */
function equalLists(left: ListValue, right: CelValue): boolean {
  if (!(right instanceof ListValue) || left.size !== right.size) return false;
  for (let index = 0; index < left.size; index++) {
    if (equal(left.at(index), right.at(index)) === false) return false;
  }
  return true;
}

function equalMaps(left: MapValue, right: CelValue): boolean {
  if (!(right instanceof MapValue) || left.size !== right.size) return false;
  for (const key of left.keys()) {
    const other = right.find(key);
    if (other === undefined || equal(left.find(key)!, other) === false) return false;
  }
  return true;
}

/** `value in list`. */
export function contains(list: ListValue, value: CelValue): boolean | Failure {
  if (list.includes) return list.includes(value);
  for (let index = 0; index < list.size; index++) {
    if (equal(value, list.at(index)) === true) return true;
  }
  return false;
}
