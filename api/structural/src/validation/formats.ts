/**
 * The formats of texts that upstream checks in custom resources; others say nothing. Names count without their dashes
 * (`date-time` is `datetime`). Each rule is what upstream's Go library accepts, which is sometimes less than the name says.
 */

import { parseIp } from "@knarr/machinery/addresses.ts";
import { isRequestUri } from "@knarr/machinery/go-url.ts";
import { isMailAddress } from "./mail-address.ts";

type FormatRule = (text: string) => boolean;

/** Undefined for a format that nobody checks. */
export function formatRule(format: string): FormatRule | undefined {
  return rules.get(normalized(format));
}

/** `format` when it is known for values of `type` (`""` for none or several), otherwise empty: it says nothing. */
export function knownFormat(format: string, type: string): string {
  switch (type) {
    case "":
    case "string":
      return known.has(normalized(format)) ? format : "";
    case "integer":
      return format === "int32" || format === "int64" ? format : "";
    case "number":
      return format === "float" || format === "double" ? format : "";
    default:
      return "";
  }
}

function normalized(format: string): string {
  return format.replaceAll("-", "");
}

const UUID = "[0-9a-f]{8}-?[0-9a-f]{4}";
const LABEL = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?";

const rules: ReadonlyMap<string, FormatRule> = new Map([
  ["bsonobjectid", matches(/^[0-9a-fA-F]{24}$/)],
  ["uri", isRequestUri],
  ["email", isMailAddress],
  ["hostname", isHostname],
  ["ipv4", (text) => text.includes(".") && isSloppyIp(text)],
  ["ipv6", (text) => text.includes(":") && parseIp(text) !== undefined],
  ["cidr", isSloppyCidr],
  ["mac", isMac],
  ["uuid", matches(new RegExp(`^${UUID}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$`, "i"))],
  ["uuid3", matches(new RegExp(`^${UUID}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$`, "i"))],
  ["uuid4", matches(new RegExp(`^${UUID}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$`, "i"))],
  ["uuid5", matches(new RegExp(`^${UUID}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$`, "i"))],
  ["isbn", (text) => isIsbn10(text) || isIsbn13(text)],
  ["isbn10", isIsbn10],
  ["isbn13", isIsbn13],
  ["creditcard", isCreditCard],
  ["ssn", (text) => text.length === 11 && /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(text)],
  ["hexcolor", matches(/^#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/)],
  ["rgbcolor", isRgbColor],
  ["byte", matches(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/)],
  ["password", () => true],
  ["date", isDate],
  ["duration", isDuration],
  ["datetime", isDateTime],
  ["k8sshortname", (text) => text.length <= 63 && new RegExp(`^${LABEL}$`).test(text)],
  ["k8slongname", (text) => text.length <= 253 && new RegExp(`^${LABEL}(?:\\.${LABEL})*$`).test(text)],
]);
const known: ReadonlySet<string> = new Set(rules.keys());

function matches(regex: RegExp): FormatRule {
  return (text) => regex.test(text);
}

const HOSTNAME =
  /^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9\p{S}\p{L}-]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$/u;

function isHostname(text: string): boolean {
  if (Buffer.byteLength(text) > 255) return false;
  return text.split(".").every((label) => Buffer.byteLength(label) <= 63) && HOSTNAME.test(text);
}

/** Leading zeros are let through, as Go did once. */
function isSloppyIp(text: string): boolean {
  return parseIp(withoutZeros(text)) !== undefined;
}

function isSloppyCidr(text: string): boolean {
  const [address = "", length, ...rest] = text.split("/");
  if (length === undefined || rest.length > 0 || !/^\d{1,3}$/.test(length)) return false;
  const ip = parseIp(withoutZeros(address));
  if (!ip) return false;
  return Number(length) <= (address.includes(":") ? 128 : 32);
}

function withoutZeros(address: string): string {
  return address.includes(":") ? address : address.replaceAll(/(^|\.)0+(?=\d)/g, "$1");
}

/** 6, 8 or 20 bytes: pairs of digits between colons or dashes, fours between dots, or all in one. */
function isMac(text: string): boolean {
  const pairs =
    /^[0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\1[0-9a-f]{2}){4}(?:(?:\1[0-9a-f]{2}){2}|(?:\1[0-9a-f]{2}){14})?$/i;
  const fours = /^[0-9a-f]{4}(?:\.[0-9a-f]{4}){2}(?:\.[0-9a-f]{4}|(?:\.[0-9a-f]{4}){7})?$/i;
  return pairs.test(text) || fours.test(text) || /^(?:[0-9a-f]{12}|[0-9a-f]{16}|[0-9a-f]{40})$/i.test(text);
}

function isIsbn10(text: string): boolean {
  const digits = text.replaceAll(/[\s-]+/g, "");
  if (!/^(?:[0-9]{9}X|[0-9]{10})$/.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < 10; i++) sum += (i + 1) * (digits[i] === "X" ? 10 : Number(digits[i]));
  return sum % 11 === 0;
}

function isIsbn13(text: string): boolean {
  const digits = text.replaceAll(/[\s-]+/g, "");
  if (!/^[0-9]{13}$/.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < 12; i++) sum += (i % 2 === 0 ? 1 : 3) * Number(digits[i]);
  return Number(digits[12]) === (10 - (sum % 10)) % 10;
}

const CARD =
  /^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})$/;

function isCreditCard(text: string): boolean {
  const digits = text.replaceAll(/[^0-9]+/g, "");
  if (!CARD.test(digits)) return false;
  let sum = 0;
  for (const [i, digit] of [...digits].reverse().entries()) {
    const value = Number(digit) * (i % 2 === 0 ? 1 : 2);
    sum += value > 9 ? value - 9 : value;
  }
  return sum % 10 === 0;
}

const CHANNEL = String.raw`\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*`;
const RGB = new RegExp(`^rgb\\(${CHANNEL},${CHANNEL},${CHANNEL}\\)$`);

function isRgbColor(text: string): boolean {
  return RGB.test(text);
}

function isDate(text: string): boolean {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!match) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
  return days !== undefined && day >= 1 && day <= days;
}

function isDateTime(text: string): boolean {
  const [date = "", time = ""] = text.toLowerCase().split("t");
  const match = /^([0-9]{2}):([0-9]{2}):([0-9]{2})(?:.[0-9]+)?(?:z|[+-][0-9]{2}:[0-9]{2})$/.exec(time);
  if (!match || !isDate(date)) return false;
  return match[1]! <= "23" && match[2]! <= "59" && match[3]! <= "59";
}

const UNITS: readonly (readonly string[])[] = [
  ["ns", "nano"],
  ["us", "µs", "micro"],
  ["ms", "milli"],
  ["s", "sec"],
  ["m", "min"],
  ["h", "hr", "hour"],
  ["d", "day"],
  ["w", "wk", "week"],
];

/** Go's durations, and anything with a whole number and a unit in it: `22 ns`, `3 weeks`. */
function isDuration(text: string): boolean {
  if (/^[-+]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/.test(text)) return true;
  for (const [, unit = ""] of text.matchAll(/\d+\s*([A-Za-zµ]+)/g)) {
    const word = unit.toLowerCase();
    if (UNITS.some((names) => names.includes(word) || word.startsWith(names.at(-1)!))) return true;
  }
  return false;
}
