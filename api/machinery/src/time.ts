/**
 * Times as the API writes them: RFC 3339 in UTC, whole seconds (`Time`) or microseconds (`MicroTime`). What users
 * send may have any offset and precision that Go's parser takes; what is kept is the canonical form.
 */

const PATTERN = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;
/** What most times are: canonical already, on any day but a leap one. */
const CANONICAL =
  /^\d{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;
const SECONDS = "2006-01-02T15:04:05Z07:00";
const MICROS = "2006-01-02T15:04:05.000000Z07:00";

/** `2026-11-23T05:00:00Z` for a moment in milliseconds since the epoch. */
export function formatTime(milliseconds: number): string {
  const second = Math.floor(milliseconds / 1000);
  if (second !== last.second)
    last = { second, text: `${new Date(second * 1000).toISOString().slice(0, 19)}Z` };
  return last.text;
}
/** A busy server writes the same second thousands of times. */
let last = { second: NaN, text: "" };

/** `2026-11-23T05:00:00.123000Z`; milliseconds may have a fraction. */
export function formatMicroTime(milliseconds: number): string {
  const micros = Math.floor(milliseconds * 1000 + 1e-4);
  const date = new Date(Math.floor(micros / 1000)).toISOString().slice(0, 23);
  return `${date}${String(((micros % 1000) + 1000) % 1000).padStart(3, "0")}Z`;
}

/** Milliseconds since the epoch, or NaN. */
export function parseTime(text: string | undefined): number {
  return text === undefined ? NaN : Date.parse(text);
}

/** Throws SyntaxError, worded as Go words it, for what is no RFC 3339 time. */
export function canonicalTime(text: string): string {
  if (CANONICAL.test(text)) return text;
  const { date } = read(text);
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** The same for MicroTime, which Go reads with six digits of a second and no others. */
export function canonicalMicroTime(text: string): string {
  if (!MICRO_FRACTION.test(text)) throw new SyntaxError(problem(text, MICROS));
  const { date, fraction } = read(text);
  return `${date.toISOString().slice(0, 19)}.${fraction}Z`;
}
const MICRO_FRACTION = /[.,]\d{6}(?:Z|[+-]\d\d:\d\d)$/;

function read(text: string): { date: Date; fraction: string } {
  const match = PATTERN.exec(text);
  if (!match) throw new SyntaxError(problem(text));
  const [, year, month, day, hour, minute, second, fraction = "", sign, offsetHour, offsetMinute] = match;
  const numbers = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const [y, mo, d, h, mi, s] = numbers;
  const bad = (part: string) => new SyntaxError(`parsing time ${goQuote(text)}: ${part} out of range`);
  if (mo < 1 || mo > 12) throw bad("month");
  if (h > 23) throw bad("hour");
  if (mi > 59) throw bad("minute");
  if (s > 59) throw bad("second");
  if (d < 1 || d > daysIn(y, mo)) throw bad("day");
  if (Number(offsetHour) > 24) throw bad("time zone offset hour");
  if (Number(offsetMinute) > 60) throw bad("time zone offset minute");
  const offset = sign ? (Number(offsetHour) * 60 + Number(offsetMinute)) * (sign === "-" ? -1 : 1) : 0;
  const date = new Date(0);
  date.setUTCFullYear(y, mo - 1, d);
  date.setUTCHours(h, mi - offset, s);
  return { date, fraction };
}

function daysIn(year: number, month: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month, 0);
  return date.getUTCDate();
}

/** Go names the element of the layout that it could not find, and what stood there. */
function problem(text: string, layout = SECONDS): string {
  const elements: readonly (readonly [name: string, pattern: RegExp])[] = [
    ["2006", /^\d{4}/],
    ["-", /^-/],
    ["01", /^\d\d/],
    ["-", /^-/],
    ["02", /^\d\d/],
    ["T", /^T/],
    ["15", /^\d\d/],
    [":", /^:/],
    ["04", /^\d\d/],
    [":", /^:/],
    ...(layout === MICROS ? microSeconds : seconds),
    ["Z07:00", /^(Z|[+-]\d\d:\d\d)/],
  ];
  let rest = text;
  for (const [name, pattern] of elements) {
    const match = pattern.exec(rest);
    if (!match)
      return `parsing time ${goQuote(text)} as ${goQuote(layout)}: cannot parse ${goQuote(rest)} as ${goQuote(name)}`;
    rest = rest.slice(match[0].length);
  }
  return `parsing time ${goQuote(text)}: extra text: ${goQuote(rest)}`;
}

/** Without digits of its own in the layout, a fraction of a second is taken as it comes. */
const seconds = [["05", /^\d\d([.,]\d+)?/]] as const;
const microSeconds = [
  ["05", /^\d\d/],
  [".000000", /^[.,]\d{6}/],
] as const;

/** The time package quotes by itself: bytes outside printable ASCII become `\x..`. */
function goQuote(text: string): string {
  const bytes = Buffer.from(text);
  let quoted = "";
  for (const byte of bytes) {
    if (byte === 0x22 || byte === 0x5c) quoted += `\\${String.fromCharCode(byte)}`;
    else if (byte >= 0x20 && byte < 0x80) quoted += String.fromCharCode(byte);
    else quoted += `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return `"${quoted}"`;
}

const units = new Map([
  ["ns", 1],
  ["us", 1e3],
  ["µs", 1e3],
  ["μs", 1e3],
  ["ms", 1e6],
  ["s", 1e9],
  ["m", 60e9],
  ["h", 3600e9],
]);

/** Nanoseconds of a Go duration (`1h30m`, `1.5s`). Throws SyntaxError, in Go's words, for anything else. */
export function parseDuration(text: string): number {
  const sign = /^[-+]/.exec(text)?.[0] ?? "";
  let rest = text.slice(sign.length);
  if (rest === "0") return 0;
  const shown = goQuote(text);
  if (!rest) throw new SyntaxError(`time: invalid duration ${shown}`);
  let total = 0;
  while (rest) {
    const [all = "", number, unit = ""] = /^(\d+\.?\d*|\.\d+)([^\d.]*)/.exec(rest) ?? [];
    if (!all) throw new SyntaxError(`time: invalid duration ${shown}`);
    if (!unit) throw new SyntaxError(`time: missing unit in duration ${shown}`);
    const size = units.get(unit);
    if (size === undefined) throw new SyntaxError(`time: unknown unit ${goQuote(unit)} in duration ${shown}`);
    total += Number(number) * size;
    rest = rest.slice(all.length);
  }
  if (total >= 2 ** 63) throw new SyntaxError(`time: invalid duration ${shown}`);
  return sign === "-" ? -total : total;
}

/** A duration as Go prints it: `90m0s` is `1h30m0s`. */
export function formatDuration(nanoseconds: number): string {
  if (nanoseconds === 0) return "0s";
  const sign = nanoseconds < 0 ? "-" : "";
  const total = Math.abs(nanoseconds);
  if (total < 1e3) return `${sign}${total}ns`;
  if (total < 1e6) return `${sign}${total / 1e3}µs`;
  if (total < 1e9) return `${sign}${total / 1e6}ms`;
  const seconds = Math.floor(total / 1e9);
  const fraction = String(total % 1e9)
    .padStart(9, "0")
    .replace(/0+$/, "");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const start = hours ? `${hours}h${minutes}m` : minutes ? `${minutes}m` : "";
  return `${sign}${start}${seconds % 60}${fraction && `.${fraction}`}s`;
}
