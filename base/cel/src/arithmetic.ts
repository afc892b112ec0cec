/**
 * `+ - * / %` and the minus sign, on whatever values there are.
 *
 * Ints are computed as JavaScript numbers as long as the result is exact, and as bigints beyond; both overflow where 64 bits
 * do. Whoever has no such operation says `no such overload`, in the two forms that cel-go has.
 */

import { between, plusDuration } from "./time.ts";
import { joined } from "./lists.ts";
import {
  Double,
  Duration,
  Failure,
  ListValue,
  smallInt,
  Timestamp,
  Uint,
  type CelValue,
  type Outcome,
} from "./values.ts";

export type Operation = (left: CelValue, right: CelValue) => Outcome;

const MIN_INT = -(2n ** 63n);
const MAX_INT = 2n ** 63n - 1n;
const MAX_UINT = 2n ** 64n - 1n;

const NO_OVERLOAD = new Failure("no such overload");

/** Values that know some functions, though not this one, say so without its name. */
function noOverload(left: CelValue, name: string): Failure {
  const knowsSome = typeof left === "string" || left instanceof Timestamp || left instanceof Duration;
  return knowsSome ? NO_OVERLOAD : new Failure(`no such overload: ${name}`);
}

type Int = number | bigint;
const isInt = (value: CelValue): value is Int => typeof value === "number" || typeof value === "bigint";

function int(value: bigint): Outcome {
  return value > MAX_INT || value < MIN_INT ? new Failure("integer overflow") : smallInt(value);
}

function uint(value: bigint): Outcome {
  return value > MAX_UINT || value < 0n
    ? new Failure("unsigned integer overflow")
    : new Uint(smallInt(value));
}

/** The exact result if it is small, undefined if it must be computed with bigints. */
const small = (value: number): number | undefined => (Number.isSafeInteger(value) ? value + 0 : undefined);

function nanos(value: bigint): Outcome {
  return value > MAX_INT || value < MIN_INT ? new Failure("integer overflow") : new Duration(value);
}

export const add: Operation = (left, right) => {
  if (typeof left === "number" && typeof right === "number") {
    return small(left + right) ?? int(BigInt(left) + BigInt(right));
  }
  if (typeof left === "string") return typeof right === "string" ? left + right : NO_OVERLOAD;
  if (isInt(left)) return isInt(right) ? int(BigInt(left) + BigInt(right)) : NO_OVERLOAD;
  if (left instanceof ListValue) return right instanceof ListValue ? joined(left, right) : NO_OVERLOAD;
  if (left instanceof Double)
    return right instanceof Double ? new Double(left.value + right.value) : NO_OVERLOAD;
  if (left instanceof Uint) {
    return right instanceof Uint ? uint(BigInt(left.value) + BigInt(right.value)) : NO_OVERLOAD;
  }
  if (left instanceof Uint8Array) {
    return right instanceof Uint8Array ? new Uint8Array(Buffer.concat([left, right])) : NO_OVERLOAD;
  }
  if (left instanceof Duration) {
    if (right instanceof Duration) return nanos(left.nanos + right.nanos);
    return right instanceof Timestamp ? plusDuration(right, left) : NO_OVERLOAD;
  }
  if (left instanceof Timestamp) return right instanceof Duration ? plusDuration(left, right) : NO_OVERLOAD;
  return noOverload(left, "_+_");
};

export const subtract: Operation = (left, right) => {
  if (typeof left === "number" && typeof right === "number") {
    return small(left - right) ?? int(BigInt(left) - BigInt(right));
  }
  if (isInt(left)) return isInt(right) ? int(BigInt(left) - BigInt(right)) : NO_OVERLOAD;
  if (left instanceof Double)
    return right instanceof Double ? new Double(left.value - right.value) : NO_OVERLOAD;
  if (left instanceof Uint) {
    return right instanceof Uint ? uint(BigInt(left.value) - BigInt(right.value)) : NO_OVERLOAD;
  }
  if (left instanceof Duration) {
    return right instanceof Duration ? nanos(left.nanos - right.nanos) : NO_OVERLOAD;
  }
  if (left instanceof Timestamp) {
    if (right instanceof Timestamp) return between(left, right);
    if (!(right instanceof Duration)) return NO_OVERLOAD;
    return right.nanos === MIN_INT
      ? new Failure("integer overflow")
      : plusDuration(left, new Duration(-right.nanos));
  }
  return noOverload(left, "_-_");
};

export const multiply: Operation = (left, right) => {
  if (typeof left === "number" && typeof right === "number") {
    return small(left * right) ?? int(BigInt(left) * BigInt(right));
  }
  if (isInt(left)) return isInt(right) ? int(BigInt(left) * BigInt(right)) : NO_OVERLOAD;
  if (left instanceof Double)
    return right instanceof Double ? new Double(left.value * right.value) : NO_OVERLOAD;
  if (left instanceof Uint) {
    return right instanceof Uint ? uint(BigInt(left.value) * BigInt(right.value)) : NO_OVERLOAD;
  }
  return noOverload(left, "_*_");
};

export const divide: Operation = (left, right) => {
  if (typeof left === "number" && typeof right === "number" && right !== 0) {
    return Math.trunc(left / right) + 0;
  }
  if (isInt(left)) {
    if (!isInt(right)) return NO_OVERLOAD;
    return right == 0 ? new Failure("division by zero") : int(BigInt(left) / BigInt(right));
  }
  if (left instanceof Double)
    return right instanceof Double ? new Double(left.value / right.value) : NO_OVERLOAD;
  if (left instanceof Uint) {
    if (!(right instanceof Uint)) return NO_OVERLOAD;
    return right.value == 0
      ? new Failure("division by zero")
      : uint(BigInt(left.value) / BigInt(right.value));
  }
  return noOverload(left, "_/_");
};

export const modulo: Operation = (left, right) => {
  if (typeof left === "number" && typeof right === "number" && right !== 0) return (left % right) + 0;
  if (isInt(left)) {
    if (!isInt(right)) return NO_OVERLOAD;
    if (right == 0) return new Failure("modulus by zero");
    if (left === MIN_INT && right == -1) return new Failure("integer overflow");
    return int(BigInt(left) % BigInt(right));
  }
  if (left instanceof Uint) {
    if (!(right instanceof Uint)) return NO_OVERLOAD;
    return right.value == 0 ? new Failure("modulus by zero") : uint(BigInt(left.value) % BigInt(right.value));
  }
  return noOverload(left, "_%_");
};

export function negate(value: CelValue): Outcome {
  if (typeof value === "number") return 0 - value;
  if (typeof value === "bigint") return int(-value);
  if (value instanceof Double) return new Double(-value.value);
  if (value instanceof Duration) return nanos(-value.nanos);
  if (typeof value === "boolean") return NO_OVERLOAD;
  return noOverload(value, "-_");
}

export function not(value: CelValue): Outcome {
  return typeof value === "boolean" ? !value : NO_OVERLOAD;
}
