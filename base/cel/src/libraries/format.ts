/**
 * `"%s is %d".format([a, b])`: what each clause makes of a value, and how clauses are read.
 *
 * Numbers are written as English writes them (`1,234.5`, `1.2 × 10⁰³`), which is what upstream's default is.
 */

import { quote } from "@knarr/std/quote.ts";
import { doubleText } from "../numbers.ts";
import { secondsText, timestampText } from "../time.ts";
import { typeOf } from "../type-of.ts";
import {
  Double,
  Duration,
  Failure,
  ListValue,
  MapValue,
  Timestamp,
  TypeValue,
  Uint,
  type CelValue,
  type Outcome,
} from "../values.ts";

export type ClauseKind = "s" | "d" | "f" | "e" | "b" | "x" | "X" | "o";

export interface Clause {
  readonly kind: ClauseKind;
  readonly precision: number | undefined;
}

/** What a clause says of values that are not for it. */
export const WRONG_TYPE: Readonly<Record<ClauseKind, string>> = {
  s: "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps",
  d: "decimal clause can only be used on integers",
  f: "fixed-point clause can only be used on doubles",
  e: "scientific clause can only be used on doubles",
  b: "only integers and bools can be formatted as binary",
  x: "only integers, byte buffers, and strings can be formatted as hex",
  X: "only integers, byte buffers, and strings can be formatted as hex",
  o: "octal clause can only be used on integers",
};

/** A format that is none, or a value that does not fit its clause. */
export class FormatError extends Error {}

/** The text with each clause replaced by what `show` makes of the value that is its turn. Throws FormatError. */
export function interpolate(
  text: string,
  show: (clause: Clause, index: number) => string,
  hasValue: (index: number) => boolean,
): string {
  let made = "";
  let index = 0;
  for (let at = 0; at < text.length;) {
    if (text[at] !== "%") made += text[at++];
    else if (text[at + 1] === "%") {
      made += "%";
      at += 2;
    } else {
      if (!hasValue(index)) throw new FormatError(`index ${index} out of range`);
      if (at + 1 >= text.length) throw new FormatError("unexpected end of string");
      const { clause, length } = clauseAt(text, at + 1);
      made += show(clause, index++);
      at += 1 + length;
    }
  }
  return made;
}

function clauseAt(text: string, start: number): { clause: Clause; length: number } {
  const wrong = (why: string): never => {
    throw new FormatError(`could not parse formatting clause: ${why}`);
  };
  let at = start;
  let precision: number | undefined;
  if (text[at] === ".") {
    const digits = /\d*/y;
    digits.lastIndex = at + 1;
    const found = digits.exec(text)![0];
    at += 1 + found.length;
    if (at >= text.length) wrong("error while parsing precision: could not find end of precision specifier");
    if (found === "") {
      wrong(
        'error while parsing precision: error while converting precision to integer: strconv.Atoi: parsing "": invalid syntax',
      );
    }
    precision = Number(found);
  }
  const kind = text[at]!;
  if (!Object.hasOwn(WRONG_TYPE, kind)) wrong(`unrecognized formatting clause "${kind}"`);
  return { clause: { kind: kind as ClauseKind, precision }, length: at + 1 - start };
}

export function format(text: string, list: ListValue): Outcome {
  try {
    return interpolate(
      text,
      (clause, index) => shown(clause, list.at(index) as CelValue),
      (index) => index < list.size,
    );
  } catch (error) {
    if (error instanceof FormatError) return new Failure(error.message);
    throw error;
  }
}

function shown(clause: Clause, value: CelValue): string {
  const text = clauses[clause.kind](value, clause.precision ?? 6);
  if (text !== undefined) return text;
  throw new FormatError(
    `error during formatting: ${WRONG_TYPE[clause.kind]}, was given ${typeOf(value).name}`,
  );
}

/** Undefined for values that are not for the clause. */
type Show = (value: CelValue, precision: number) => string | undefined;

const isInt = (value: CelValue): value is number | bigint =>
  typeof value === "number" || typeof value === "bigint";
const integer = (value: CelValue): number | bigint | undefined =>
  isInt(value) ? value : value instanceof Uint ? value.value : undefined;

const inBase =
  (base: number): Show =>
  (value) =>
    integer(value)?.toString(base);

const hex: Show = (value) => {
  if (typeof value === "string") return Buffer.from(value).toString("hex");
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : inBase(16)(value, 0);
};

/** Doubles, and the three words that stand for doubles without digits. */
function double(value: CelValue): number | undefined {
  if (value instanceof Double) return value.value;
  return value === "NaN" || value === "Infinity" || value === "-Infinity" ? Number(value) : undefined;
}

const special = (value: number): string => (Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "-∞");

const fixed: Show = (value, precision) => {
  const number = double(value);
  if (number === undefined) return undefined;
  if (!Number.isFinite(number)) return special(number);
  const [whole = "", fraction] = rounded(number, Math.min(precision, 99)).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
};

/** What is exactly half way goes to the even neighbour, where JavaScript's goes up. */
function rounded(value: number, digits: number): string {
  if (Math.abs(value) >= 1e21) return `${BigInt(value)}${digits > 0 ? `.${"0".repeat(digits)}` : ""}`;
  const exact = value.toFixed(100);
  const end = exact.indexOf(".") + 1 + digits;
  const isHalf = /^50*$/.test(exact.slice(end));
  const kept = exact.slice(0, digits === 0 ? end - 1 : end);
  return isHalf && /[02468]$/.test(kept) ? kept : value.toFixed(digits);
}

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** The precision of this clause is taken for a width by upstream; there are always six digits. */
const scientific: Show = (value, precision) => {
  const number = double(value);
  if (number === undefined) return undefined;
  if (!Number.isFinite(number)) return special(number).padStart(precision);
  const [mantissa = "", exponent = "0"] = number.toExponential(6).split("e");
  const power = Math.abs(Number(exponent)).toString().padStart(2, "0");
  const raised = [...power].map((digit) => SUPERSCRIPTS[Number(digit)]).join("");
  return `${mantissa}×10${Number(exponent) < 0 ? "⁻" : ""}${raised}`.padStart(precision);
};

const plain: Show = (value) => {
  if (value === null) return "null";
  if (typeof value !== "object") return String(value);
  if (value instanceof Double) return doubleText(value.value);
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Duration) return secondsText(value);
  if (value instanceof Timestamp) return timestampText(value);
  if (value instanceof TypeValue) return value.type.name;
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (value instanceof ListValue)
    return `[${[...value].map((element) => nested(element as CelValue)).join(", ")}]`;
  return value instanceof MapValue ? mapText(value) : undefined;
};

function mapText(map: MapValue): string {
  const entries = [...map.keys()].map((key) => {
    if (typeof key !== "string" && typeof key !== "boolean" && integer(key) === undefined) {
      throw new FormatError(
        `error during formatting: no formatting function for map key of type ${typeOf(key).name}`,
      );
    }
    return [nested(key), nested(map.find(key) as CelValue)] as const;
  });
  return `{${entries
    .sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))
    .map((entry) => entry.join(":"))
    .join(", ")}}`;
}

/** A value inside a list or map, as CEL would have it written. */
function nested(value: CelValue): string {
  if (typeof value === "string") return quote(value);
  if (value instanceof Uint8Array) return `b${quote(new TextDecoder().decode(value))}`;
  if (value instanceof Double)
    return Number.isFinite(value.value) ? value.value.toFixed(6) : `"${doubleText(value.value)}"`;
  if (value instanceof Timestamp) return `timestamp(${quote(timestampText(value))})`;
  if (value instanceof Duration) return `duration(${quote(secondsText(value))})`;
  const text = plain(value, 6);
  if (text !== undefined) return text;
  throw new FormatError(`error during formatting: no formatting function for ${typeOf(value).name}`);
}

const clauses: Readonly<Record<ClauseKind, Show>> = {
  s: plain,
  d: inBase(10),
  f: fixed,
  e: scientific,
  b: (value) => (typeof value === "boolean" ? String(Number(value)) : inBase(2)(value, 0)),
  x: hex,
  X: (value) => hex(value, 0)?.toUpperCase(),
  o: inBase(8),
};
