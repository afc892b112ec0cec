/** What is less than what. Numbers compare across their kinds; texts by their characters, which is how UTF-8 sorts. */

import { Double, Duration, Failure, Timestamp, Uint, type CelValue } from "./values.ts";

/** Negative, zero or positive; a Failure for what has no order. `name` is the operator's, for the message. */
export function compare(left: CelValue, right: CelValue, name: string): number | Failure {
  if (typeof left === "number" && typeof right === "number") return left - right;
  if (typeof left === "string") {
    return typeof right === "string" ? compareTexts(left, right) : new Failure("no such overload");
  }
  if (isNumber(left)) return isNumber(right) ? compareNumbers(left, right) : numberOnly(left);
  if (typeof left === "boolean") {
    return typeof right === "boolean" ? Number(left) - Number(right) : new Failure("no such overload");
  }
  if (left instanceof Timestamp) {
    if (!(right instanceof Timestamp)) return new Failure("no such overload");
    return left.seconds - right.seconds || left.nanos - right.nanos;
  }
  if (left instanceof Duration) {
    return right instanceof Duration ? sign(left.nanos - right.nanos) : new Failure("no such overload");
  }
  if (left instanceof Uint8Array) {
    return right instanceof Uint8Array ? Buffer.compare(left, right) : new Failure("no such overload");
  }
  return new Failure(`no such overload: ${name}`);
}

type AnyNumber = number | bigint | Double | Uint;

const isNumber = (value: CelValue): value is AnyNumber =>
  typeof value === "number" || typeof value === "bigint" || value instanceof Double || value instanceof Uint;

const numeric = (value: AnyNumber): number | bigint => (typeof value === "object" ? value.value : value);

const sign = (value: bigint): number => (value < 0n ? -1 : value > 0n ? 1 : 0);

function numberOnly(left: AnyNumber): Failure {
  const isNaN = left instanceof Double && Number.isNaN(left.value);
  return new Failure(isNaN ? "NaN values cannot be ordered" : "no such overload");
}

function compareNumbers(left: AnyNumber, right: AnyNumber): number | Failure {
  const [one, other] = [numeric(left), numeric(right)];
  if (Number.isNaN(one) || Number.isNaN(other)) return new Failure("NaN values cannot be ordered");
  // With a double on one side, upstream rounds the other to one, unless it is far out of reach.
  const rounds = left instanceof Double !== right instanceof Double;
  const [a, b] = rounds ? [Number(one), Number(other)] : [one, other];
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Surrogates, which stand for the highest characters, must not sort below those that come after them in UTF-16. */
function compareTexts(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const one = left.charCodeAt(index);
    const other = right.charCodeAt(index);
    if (one === other) continue;
    const isSurrogate = one >= 0xd800 && one < 0xe000;
    return isSurrogate === (other >= 0xd800 && other < 0xe000) ? one - other : isSurrogate ? 1 : -1;
  }
  return left.length - right.length;
}

/** Whether two numbers of whatever kinds are the same; NaN is not even itself. */
export function isSameNumber(left: AnyNumber, right: AnyNumber): boolean {
  return compareNumbers(left, right) === 0;
}

export { isNumber };
