/**
 * IP addresses and CIDR ranges in manifests: what is wrong with one, in upstream's words, and its canonical form.
 *
 * Two rules exist upstream: fields that are older than strict checking accept any address that parses (with
 * warnings), newer ones want the canonical form. Leading zeros and IPv4 inside IPv6 are refused by both.
 */

import { isIPv4, isIPv6 } from "node:net";
import type { Problems } from "./names.ts";
import { quote } from "./quote.ts";

const fine: Problems = Object.freeze([]);
const BAD_IP = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
const BAD_CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

/** For fields that predate strict checking: parses, no leading zeros, no IPv4 inside IPv6. */
export function legacyIp(text: string): Problems {
  const parsed = parseIp(text);
  if (!parsed) return [BAD_IP];
  const problems: string[] = [];
  if (parsed.leadingZeros) problems.push("must not have leading 0s");
  else if (parsed.mapped) problems.push("must not be an IPv4-mapped IPv6 address");
  return problems.length ? problems : fine;
}

export function validIp(text: string): Problems {
  const problems = legacyIp(text);
  if (problems.length) return problems;
  const canonical = canonicalIp(text)!;
  return text === canonical ? fine : [`must be in canonical form (${quote(canonical)})`];
}

export function legacyCidr(text: string): Problems {
  const parsed = parseCidr(text);
  if (!parsed) return [BAD_CIDR];
  if (parsed.leadingZeros) return ["must not have leading 0s in IP or prefix length"];
  if (parsed.mapped) return ["must not have an IPv4-mapped IPv6 address"];
  return parsed.hasHostBits ? ["must not have bits set beyond the prefix length"] : fine;
}

export function validCidr(text: string): Problems {
  const problems = legacyCidr(text);
  if (problems.length) return problems;
  const canonical = canonicalCidr(text)!;
  return text === canonical ? fine : [`must be in canonical form (${quote(canonical)})`];
}

/** An address with the size of its network, `192.168.1.5/24`. */
export function validInterfaceAddress(text: string): Problems {
  const parsed = parseCidr(text);
  if (!parsed) return ["must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)"];
  const canonical = `${formatIp(parsed.bytes)}/${parsed.prefix}`;
  return text === canonical ? fine : [`must be in canonical form (${quote(canonical)})`];
}

/** Warnings for an address that `legacyIp` accepted (or that stood there before); each names `field`. */
export function ipWarnings(field: string, text: string): string[] {
  const parsed = parseIp(text);
  if (!parsed) return [];
  const canonical = formatIp(parsed.bytes);
  if (parsed.leadingZeros || parsed.mapped)
    return [`${field}: non-standard IP address ${quote(text)} is invalid: use ${quote(canonical)}`];
  if (parsed.bytes.length === 16 && canonical !== text)
    return [
      `${field}: IPv6 address ${quote(text)} should be in RFC 5952 canonical format (${quote(canonical)})`,
    ];
  return [];
}

export function cidrWarnings(field: string, text: string): string[] {
  const parsed = parseCidr(text);
  if (!parsed) return [];
  const network = canonicalCidr(text)!;
  if (parsed.hasHostBits) {
    const alone = `${formatIp(parsed.bytes)}/${parsed.bytes.length * 8}`;
    return [
      `${field}: CIDR value ${quote(text)} is ambiguous in this context (should be ${quote(network)} or ${quote(alone)}?)`,
    ];
  }
  if (parsed.leadingZeros || parsed.mapped)
    return [`${field}: non-standard CIDR value ${quote(text)} is invalid: use ${quote(network)}`];
  if (parsed.bytes.length === 16 && network !== text)
    return [
      `${field}: IPv6 CIDR value ${quote(text)} should be in RFC 5952 canonical format (${quote(network)})`,
    ];
  return [];
}

/** The address as Go prints it, or undefined when `text` is none. */
export function canonicalIp(text: string): string | undefined {
  const parsed = parseIp(text);
  return parsed && formatIp(parsed.bytes);
}

function canonicalCidr(text: string): string | undefined {
  const parsed = parseCidr(text);
  return parsed && `${formatIp(masked(parsed.bytes, parsed.prefix))}/${parsed.prefix}`;
}

export function isIpv6Text(text: string): boolean {
  return parseIp(text)?.bytes.length === 16;
}

export interface ParsedIp {
  /** 4 or 16 bytes; IPv4 inside IPv6 is given as 4. */
  readonly bytes: Uint8Array;
  readonly leadingZeros: boolean;
  /** Written as IPv4 inside IPv6 (`::ffff:1.2.3.4`). */
  readonly mapped: boolean;
}

export function parseIp(text: string): ParsedIp | undefined {
  if (!text.includes(":")) {
    const parts = text.split(".");
    if (parts.length !== 4 || !parts.every((part) => /^[0-9]{1,3}$/.test(part) && Number(part) <= 255))
      return undefined;
    return { bytes: Uint8Array.from(parts, Number), leadingZeros: !isIPv4(text), mapped: false };
  }
  if (text.includes("%")) return undefined;
  const plain = text.replace(
    /\d{1,3}(\.\d{1,3}){3}$/,
    (v4) => v4.split(".").map(Number).join("."), // leading zeros, which Node refuses and upstream only reports
  );
  if (!isIPv6(plain)) return undefined;
  const bytes = ipv6Bytes(plain);
  const mapped = bytes.subarray(0, 10).every((b) => b === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  return { bytes: mapped ? bytes.subarray(12) : bytes, leadingZeros: plain !== text, mapped };
}

export interface ParsedCidr extends ParsedIp {
  readonly prefix: number;
  readonly hasHostBits: boolean;
}

export function parseCidr(text: string): ParsedCidr | undefined {
  const slash = text.indexOf("/");
  const ip = slash < 0 ? undefined : parseIp(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (!ip || !/^[0-9]{1,4}$/.test(length)) return undefined;
  const written = Number(length);
  if (written > (ip.mapped ? 128 : ip.bytes.length * 8)) return undefined;
  const prefix = ip.mapped ? Math.max(0, written - 96) : written;
  const hasHostBits = masked(ip.bytes, prefix).some((byte, i) => byte !== ip.bytes[i]);
  return { ...ip, leadingZeros: ip.leadingZeros || String(written) !== length, prefix, hasHostBits };
}

function masked(bytes: Uint8Array, prefix: number): Uint8Array {
  return bytes.map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix - i * 8))));
}

function ipv6Bytes(text: string): Uint8Array {
  const hextets = (part: string): number[] =>
    part === ""
      ? []
      : part.split(":").flatMap((word) => {
          if (!word.includes(".")) return [parseInt(word, 16)];
          const [a = 0, b = 0, c = 0, d = 0] = word.split(".").map(Number);
          return [a * 256 + b, c * 256 + d];
        });
  const [head = "", tail] = text.split("::");
  const before = hextets(head);
  const after = tail === undefined ? [] : hextets(tail);
  const words = [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Uint8Array.from(words.flatMap((word) => [word >> 8, word & 255]));
}

/** RFC 5952: the longest run of zeros (two or more words, the first of equals) becomes `::`. */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const words = Array.from({ length: 8 }, (_, i) => ((bytes[i * 2]! << 8) | bytes[i * 2 + 1]!).toString(16));
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && words[end] === "0") end++;
    if (end - i > length) [start, length] = [i, end - i];
  }
  if (start < 0) return words.join(":");
  return `${words.slice(0, start).join(":")}::${words.slice(start + length).join(":")}`;
}

/** `10.0.0.1:80`, `[fd00::1]:80`. */
export function joinHostPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
