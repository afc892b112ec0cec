/** IP addresses and networks as Go's net/netip reads them, with what it says of those that are none. */

import { quote } from "@knarr/std/quote.ts";

export interface Address {
  /** 4 or 16. */
  readonly bytes: Uint8Array;
  /** `fe80::1%eth0` */
  readonly zone: string;
}

export interface Prefix {
  readonly address: Address;
  readonly bits: number;
}

/** Throws SyntaxError in Go's words. */
export function parseAddress(text: string): Address {
  const kind = /[.:%]/.exec(text)?.[0];
  if (kind === ".") return { bytes: Uint8Array.from(parseV4(text, text)), zone: "" };
  if (kind === ":") return parseV6(text);
  return fail(text, kind === "%" ? "missing IPv6 address" : "unable to parse IP");
}

function fail(text: string, why: string, at?: string): never {
  const where = at === undefined ? "" : ` (at ${quote(at)})`;
  throw new SyntaxError(`ParseAddr(${quote(text)}): ${why}${where}`);
}

/** Four numbers; `text` may be the end of `whole`. */
function parseV4(whole: string, text: string): number[] {
  const fields: number[] = [];
  let value = 0;
  let digits = 0;
  for (const [index, character] of [...text].entries()) {
    if (/\d/.test(character)) {
      if (digits === 1 && value === 0) fail(whole, "IPv4 field has octet with leading zero");
      value = value * 10 + Number(character);
      digits++;
      if (value > 255) fail(whole, "IPv4 field has value >255");
    } else if (character === ".") {
      if (index === 0 || index === text.length - 1 || text[index - 1] === ".") {
        fail(whole, "IPv4 field must have at least one digit", text.slice(index));
      }
      if (fields.length === 3) fail(whole, "IPv4 address too long");
      fields.push(value);
      value = 0;
      digits = 0;
    } else fail(whole, "unexpected character", text.slice(index));
  }
  if (fields.length < 3) fail(whole, "IPv4 address too short");
  return [...fields, value];
}

function parseV6(text: string): Address {
  const percent = text.indexOf("%");
  const zone = percent < 0 ? "" : text.slice(percent + 1);
  if (percent >= 0 && zone === "") fail(text, "zone must be a non-empty string");
  let rest = percent < 0 ? text : text.slice(0, percent);
  const bytes: number[] = [];
  let gap = -1;
  if (rest.startsWith("::")) {
    gap = 0;
    rest = rest.slice(2);
  }
  while (bytes.length < 16 && rest !== "") {
    const digits = /^[0-9a-fA-F]*/.exec(rest)![0];
    if (digits.length > 4) fail(text, "each group must have 4 or less digits", rest);
    if (digits === "") fail(text, "each colon-separated field must have at least one digit", rest);
    if (rest[digits.length] === ".") {
      if (gap < 0 && bytes.length !== 12) {
        fail(text, "embedded IPv4 address must replace the final 2 fields of the address", rest);
      }
      if (bytes.length > 12) {
        fail(text, "too many hex fields to fit an embedded IPv4 at the end of the address", rest);
      }
      bytes.push(...parseV4(text, rest));
      rest = "";
      break;
    }
    const group = parseInt(digits, 16);
    bytes.push(group >> 8, group & 255);
    rest = rest.slice(digits.length);
    if (rest === "") break;
    if (!rest.startsWith(":")) fail(text, "unexpected character, want colon", rest);
    if (rest === ":") fail(text, "colon must be followed by more characters", rest);
    rest = rest.slice(1);
    if (!rest.startsWith(":")) continue;
    if (gap >= 0) fail(text, "multiple :: in address", rest);
    gap = bytes.length;
    rest = rest.slice(1);
  }
  if (rest !== "") fail(text, "trailing garbage after address", rest);
  if (bytes.length === 16 && gap >= 0) fail(text, "the :: must expand to at least one field of zeros");
  if (bytes.length < 16) {
    if (gap < 0) fail(text, "address string too short");
    bytes.splice(gap, 0, ...new Array<number>(16 - bytes.length).fill(0));
  }
  return { bytes: Uint8Array.from(bytes), zone };
}

/** `::ffff:1.2.3.4` */
export const isMapped = ({ bytes }: Address): boolean =>
  bytes.length === 16 &&
  bytes.subarray(0, 10).every((byte) => byte === 0) &&
  bytes[10] === 255 &&
  bytes[11] === 255;

export function addressText({ bytes, zone }: Address): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, index) => (bytes[2 * index]! << 8) | bytes[2 * index + 1]!);
  const { start, length } = longestZeros(groups);
  const hex = (part: number[]): string => part.map((group) => group.toString(16)).join(":");
  const text =
    length < 2 ? hex(groups) : `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
  return zone ? `${text}%${zone}` : text;
}

function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best;
}

/** Throws SyntaxError in Go's words. */
export function parsePrefix(text: string): Prefix {
  const wrong = (why: string): never => {
    throw new SyntaxError(`netip.ParsePrefix(${quote(text)}): ${why}`);
  };
  const slash = text.lastIndexOf("/");
  if (slash < 0) return wrong("no '/'");
  const address = addressOr(text.slice(0, slash), wrong);
  if (address.zone) return wrong("IPv6 zones cannot be present in a prefix");
  const bits = text.slice(slash + 1);
  if (!/^(?:\d|[1-9]\d+)$/.test(bits)) return wrong(`bad bits after slash: ${quote(bits)}`);
  if (Number(bits) > address.bytes.length * 8) return wrong("prefix length out of range");
  return { address, bits: Number(bits) };
}

function addressOr(text: string, wrong: (why: string) => never): Address {
  try {
    return parseAddress(text);
  } catch (error) {
    return wrong((error as SyntaxError).message);
  }
}

/** The network's own address: all bits beyond `bits` are 0. */
export function masked({ bytes, zone }: Address, bits: number): Address {
  const kept = bytes.map((byte, index) => {
    const left = Math.min(8, Math.max(0, bits - index * 8));
    return byte & (0xff << (8 - left));
  });
  return { bytes: kept, zone };
}

export const isSameAddress = (one: Address, other: Address): boolean =>
  one.zone === other.zone && Buffer.compare(one.bytes, other.bytes) === 0;
