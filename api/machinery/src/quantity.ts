/**
 * Resource quantities (`100m`, `1.5Gi`, `2e3`): exact decimal numbers that remember how they were written.
 *
 *     parseQuantity("1.5Gi").plus(parseQuantity("512Mi")).toString()   // 2Gi
 *
 * Text comes back as upstream's Quantity re-serialises it, with its quirks: what is canonical already is kept to the
 * letter (`1.500` stays), the rest is rewritten (`1000m` → `1`, `0.5` → `500m`); more than nine decimal places are
 * rounded away from zero; binary amounts end at 2⁶³-1.
 */

import { remembering } from "@knarr/std/remember.ts";

export type QuantityFormat = "DecimalSI" | "BinarySI" | "DecimalExponent";

const FORMAT_WRONG =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const SUFFIX_WRONG = "unable to parse quantity's suffix";
const NUMBER_WRONG = "unable to parse numeric part of quantity";
const MAX = 2n ** 63n - 1n;
/** Digits that surely fit upstream's fast path, an int64. */
const MAX_DIGITS = 18;
const NANO = -9;

const decimalSuffixes = new Map([
  ["n", -9],
  ["u", -6],
  ["m", -3],
  ["", 0],
  ["k", 3],
  ["M", 6],
  ["G", 9],
  ["T", 12],
  ["P", 15],
  ["E", 18],
]);
const suffixOfExponent = new Map([...decimalSuffixes].map(([suffix, exponent]) => [exponent, suffix]));
const binarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/** An immutable amount: `unscaled` × 10^`scale`. */
export class Quantity {
  readonly unscaled: bigint;
  readonly scale: number;
  readonly format: QuantityFormat;
  #text: string | undefined;

  constructor(unscaled: bigint, scale: number, format: QuantityFormat, text?: string) {
    this.unscaled = unscaled;
    this.scale = scale;
    this.format = format;
    this.#text = text;
  }

  static of(value: number | bigint, format: QuantityFormat = "DecimalSI"): Quantity {
    return new Quantity(BigInt(value), 0, format);
  }

  static ofMilli(value: number | bigint, format: QuantityFormat = "DecimalSI"): Quantity {
    return new Quantity(BigInt(value), -3, format);
  }

  get sign(): -1 | 0 | 1 {
    return this.unscaled === 0n ? 0 : this.unscaled < 0n ? -1 : 1;
  }

  compare(other: Quantity): -1 | 0 | 1 {
    const [a, b] = aligned(this, other);
    return a === b ? 0 : a < b ? -1 : 1;
  }

  /** Takes the other's format when this one is zero, as upstream does. */
  plus(other: Quantity): Quantity {
    const [a, b, scale] = aligned(this, other);
    return new Quantity(a + b, scale, this.unscaled === 0n ? other.format : this.format);
  }

  minus(other: Quantity): Quantity {
    const [a, b, scale] = aligned(this, other);
    return new Quantity(a - b, scale, this.unscaled === 0n ? other.format : this.format);
  }

  times(factor: number | bigint): Quantity {
    return new Quantity(this.unscaled * BigInt(factor), this.scale, this.format);
  }

  /** In units of 10^`scale`, rounded away from zero: `scaled(-3)` is milli-units. */
  scaled(scale: number): bigint {
    if (this.scale >= scale) return this.unscaled * 10n ** BigInt(this.scale - scale);
    const divisor = 10n ** BigInt(scale - this.scale);
    const whole = this.unscaled / divisor;
    const rest = this.unscaled % divisor;
    return rest === 0n ? whole : rest < 0n ? whole - 1n : whole + 1n;
  }

  /** Whole units, rounded up. */
  get value(): number {
    return Number(this.scaled(0));
  }

  /** Thousandths, rounded up. */
  get milliValue(): number {
    return Number(this.scaled(-3));
  }

  get isWhole(): boolean {
    return this.scale >= 0 || this.unscaled % 10n ** BigInt(-this.scale) === 0n;
  }

  toString(): string {
    return (this.#text ??= format(this));
  }

  toJSON(): string {
    return this.toString();
  }
}

function aligned(a: Quantity, b: Quantity): [bigint, bigint, number] {
  const scale = Math.min(a.scale, b.scale);
  return [a.unscaled * 10n ** BigInt(a.scale - scale), b.unscaled * 10n ** BigInt(b.scale - scale), scale];
}

/** Throws SyntaxError, worded as upstream words it, when `text` is no quantity. */
export function parseQuantity(text: string): Quantity {
  if (text === "") throw new SyntaxError(FORMAT_WRONG);
  const match = /^([+-]?)0*([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/.exec(text);
  if (!match) throw new SyntaxError(FORMAT_WRONG);
  const [, sign, integer = "", fraction = "", suffix = ""] = match;
  const { base, exponent, format } = interpret(suffix);
  const parts = { text, negative: sign === "-", integer: integer || "0", fraction, base, exponent, format };
  return fast(parts) ?? exact(parts);
}

/** The same quantity as upstream writes it back. Remembers what it has seen: manifests repeat themselves. */
export const canonicalQuantity = remembering(4096, (text: string) => parseQuantity(text).toString());

export function compareQuantities(a: string, b: string): -1 | 0 | 1 {
  return parseQuantity(a).compare(parseQuantity(b));
}

interface Parts {
  readonly text: string;
  readonly negative: boolean;
  readonly integer: string;
  readonly fraction: string;
  readonly base: 2 | 10;
  readonly exponent: number;
  readonly format: QuantityFormat;
}

function interpret(suffix: string): { base: 2 | 10; exponent: number; format: QuantityFormat } {
  const decimal = decimalSuffixes.get(suffix);
  if (decimal !== undefined) return { base: 10, exponent: decimal, format: "DecimalSI" };
  const binary = binarySuffixes.indexOf(suffix);
  if (binary > 0) return { base: 2, exponent: binary * 10, format: "BinarySI" };
  if (!/^[eE][-+]?[0-9]+$/.test(suffix)) throw new SyntaxError(SUFFIX_WRONG);
  const exponent = Number(suffix.slice(1));
  if (Math.abs(exponent) > 10_000) throw new SyntaxError(NUMBER_WRONG); // no amount anybody means; would exhaust memory
  return { base: 10, exponent, format: "DecimalExponent" };
}

/** Amounts that fit an int64 in upstream; only these may keep their spelling. */
function fast({ text, negative, integer, fraction, base, exponent, format }: Parts): Quantity | undefined {
  const digits = integer + fraction;
  const room =
    base === 10
      ? MAX_DIGITS - digits.length
      : fraction === ""
        ? 15 - integer.length - Math.floor((exponent * 3) / 10) - 1
        : -1;
  const scale = (base === 10 ? exponent : 0) - fraction.length;
  if (room < 0 || scale < NANO) return undefined;
  const written = BigInt(digits);
  const value = base === 2 ? written << BigInt(exponent) : written;
  if (value > MAX) return undefined;
  const keeps =
    base === 2
      ? (written & 7n) !== 0n
      : scale % 3 === 0 && !digits.endsWith("000") && !digits.startsWith("0");
  return new Quantity(negative ? -value : value, scale, format, keeps ? text : undefined);
}

function exact({ negative, integer, fraction, base, exponent, format }: Parts): Quantity {
  let amount = new Quantity(BigInt(integer + fraction), -fraction.length, format);
  if (base === 10) amount = new Quantity(amount.unscaled, amount.scale + exponent, format);
  else amount = amount.times(2n ** BigInt(exponent));
  if (amount.scale < NANO) amount = new Quantity(amount.scaled(NANO), NANO, format);
  if (format === "BinarySI") {
    const most = Quantity.of(MAX, format);
    if (amount.compare(most) > 0) amount = most;
    if (amount.sign > 0 && amount.compare(Quantity.of(1)) < 0)
      amount = new Quantity(amount.unscaled, amount.scale, "DecimalSI");
  }
  return negative ? amount.times(-1) : amount;
}

function format(quantity: Quantity): string {
  if (quantity.unscaled === 0n) return "0";
  if (quantity.format === "BinarySI" && quantity.isWhole) {
    let amount = quantity.scaled(0);
    if (amount <= -1024n || amount >= 1024n) {
      let power = 0;
      for (; amount % 1024n === 0n; amount /= 1024n) power++;
      return `${amount}${binarySuffixes[power] ?? ""}`;
    }
  }
  return formatDecimal(quantity);
}

function formatDecimal(quantity: Quantity): string {
  let { unscaled: amount, scale: exponent } = quantity;
  for (; amount % 10n === 0n; amount /= 10n) exponent++;
  for (; exponent % 3 !== 0; exponent--) amount *= 10n;
  if (quantity.format === "DecimalExponent") return exponent === 0 ? `${amount}` : `${amount}e${exponent}`;
  return `${amount}${suffixOfExponent.get(exponent) ?? ""}`;
}
