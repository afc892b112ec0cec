/**
 * Timestamps and durations as text, as Go reads and writes them.
 *
 *     parseDuration("1h2m3.5s")                    3_723_500_000_000n nanoseconds
 *     parseTimestamp("2020-01-02T03:04:05.5Z")     seconds since 1970 and 500_000_000
 *
 * A timestamp remembers the offset it was written with, for it is written with it again; it is no part of its value.
 */

import { plainText } from "./numbers.ts";
import { Duration, Failure, Timestamp } from "./values.ts";

export const MIN_SECONDS = -62135596800;
const MAX_SECONDS = 253402300799;
/** Seconds since 1970 that a timestamp can be. */
export const isMoment = (seconds: number): boolean => seconds >= MIN_SECONDS && seconds <= MAX_SECONDS;
const NANOS = 1_000_000_000n;
const MAX_INT = 2n ** 63n - 1n;

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: NANOS,
  m: 60n * NANOS,
  h: 3600n * NANOS,
};
const DURATION_PART = /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/y;

/** Undefined for what Go's time.ParseDuration refuses. */
export function parseDuration(text: string): Duration | undefined {
  const sign = /^[+-]/.test(text) ? text[0] : "";
  let at = sign === "" ? 0 : 1;
  if (text.slice(at) === "0") return new Duration(0n);
  if (at === text.length) return undefined;
  let nanos = 0n;
  while (at < text.length) {
    DURATION_PART.lastIndex = at;
    const part = DURATION_PART.exec(text);
    if (!part) return undefined;
    const [whole, digits = "", fraction, unit = ""] = part;
    if (digits === "" && !fraction) return undefined;
    nanos += BigInt(digits || "0") * UNITS[unit]! + fractionOf(fraction ?? "", UNITS[unit]!);
    if (nanos > MAX_INT + (sign === "-" ? 1n : 0n)) return undefined;
    at += whole.length;
  }
  return new Duration(sign === "-" ? -nanos : nanos);
}

function fractionOf(digits: string, unit: bigint): bigint {
  const most = digits.slice(0, 18);
  return most === "" ? 0n : (BigInt(most) * unit) / 10n ** BigInt(most.length);
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d{1,2}):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;

/** Undefined for what Go's time.Parse refuses as RFC 3339. */
export function parseTimestamp(text: string): Timestamp | undefined {
  const match = RFC3339.exec(text);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as Numbers;
  const [fraction = "", sign, zoneHours = "0", zoneMinutes = "0"] = match.slice(7);
  const fits = month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
  if (!fits || hour > 23 || minute > 59 || second > 59) return undefined;
  if (Number(zoneHours) > 24 || Number(zoneMinutes) > 60) return undefined;
  const offset = (Number(zoneHours) * 3600 + Number(zoneMinutes) * 60) * (sign === "-" ? -1 : 1);
  const seconds = secondsOf({ year, month, day }) + hour * 3600 + minute * 60 + second - offset;
  return new Timestamp(seconds, Number(fraction.slice(0, 9).padEnd(9, "0")), offset);
}

type Numbers = [number, number, number, number, number, number];

function daysIn(year: number, month: number): number {
  return month === 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
}

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;

/** Date.UTC takes years below 100 for those of the last century. */
function secondsOf({ year, month, day }: { year: number; month: number; day: number }): number {
  return new Date(0).setUTCFullYear(year, month - 1, day) / 1000;
}

/** `2020-01-02T03:04:05.5Z`, with the fewest digits. */
export function timestampText(timestamp: Timestamp): string {
  const { date, fraction, offset } = parts(timestamp);
  return `${date.replace(" ", "T")}${fraction}${offset === "+0000" ? "Z" : `${offset.slice(0, 3)}:${offset.slice(3)}`}`;
}

/** Go's default for times: `2020-01-02 03:04:05.5 +0000 UTC`. */
export function timestampGoText(timestamp: Timestamp): string {
  const { date, fraction, offset } = parts(timestamp);
  return `${date}${fraction} ${offset} ${offset === "+0000" ? "UTC" : offset}`;
}

function parts({ seconds, nanos, offset }: Timestamp): { date: string; fraction: string; offset: string } {
  const date = new Date((seconds + offset) * 1000).toISOString();
  const digits = String(nanos).padStart(9, "0").replace(/0+$/, "");
  const minutes = Math.trunc(Math.abs(offset) / 60);
  const two = (value: number): string => String(value).padStart(2, "0");
  return {
    date: date
      .replace(/^[+]00/, "")
      .slice(0, -5)
      .replace("T", " "),
    fraction: digits && `.${digits}`,
    offset: `${offset < 0 ? "-" : "+"}${two(Math.trunc(minutes / 60))}${two(minutes % 60)}`,
  };
}

/** Go's default for durations: `1h2m3.5s`, `1.5ms`, `0s`. */
export function durationText(nanos: bigint): string {
  if (nanos === 0n) return "0s";
  const sign = nanos < 0n ? "-" : "";
  const size = nanos < 0n ? -nanos : nanos;
  if (size < NANOS) {
    const [unit, name] = size < 1000n ? [1n, "ns"] : size < 1_000_000n ? [1000n, "µs"] : [1_000_000n, "ms"];
    return `${sign}${decimal(size, unit as bigint)}${name as string}`;
  }
  const hours = size / (3600n * NANOS);
  const minutes = (size / (60n * NANOS)) % 60n;
  const seconds = `${decimal(size % (60n * NANOS), NANOS)}s`;
  if (hours > 0n) return `${sign}${hours}h${minutes}m${seconds}`;
  return sign + (minutes > 0n ? `${minutes}m${seconds}` : seconds);
}

function decimal(value: bigint, unit: bigint): string {
  const digits = String(value % unit)
    .padStart(String(unit).length - 1, "0")
    .replace(/0+$/, "");
  return `${value / unit}${digits && `.${digits}`}`;
}

/** A duration in seconds, which is how `string(duration)` writes it: `3723.5s`. */
export function secondsText({ nanos }: Duration): string {
  const whole = Number(nanos / NANOS);
  const rest = Number(nanos % NANOS) / 1e9;
  return `${plainText(whole + rest)}s`;
}

export function plusDuration(timestamp: Timestamp, { nanos }: Duration): Timestamp | Failure {
  const total = BigInt(timestamp.seconds) * NANOS + BigInt(timestamp.nanos) + nanos;
  const rest = ((total % NANOS) + NANOS) % NANOS;
  const seconds = Number((total - rest) / NANOS);
  if (!isMoment(seconds)) return new Failure("timestamp overflow");
  return new Timestamp(seconds, Number(rest), timestamp.offset);
}

export function between(later: Timestamp, earlier: Timestamp): Duration | Failure {
  const seconds = BigInt(later.seconds - earlier.seconds) * NANOS;
  return durationOf(seconds + BigInt(later.nanos - earlier.nanos));
}

export function durationOf(nanos: bigint): Duration | Failure {
  return nanos > MAX_INT || nanos < -MAX_INT - 1n ? new Failure("integer overflow") : new Duration(nanos);
}
