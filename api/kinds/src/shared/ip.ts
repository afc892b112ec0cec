/**
 * Findings about IP addresses and networks in specs.
 *
 * Address fields of the old API were parsed leniently (`010.0.0.1`); since 1.36 new values must be strict, while values
 * that an object already holds stay valid.
 */

import { legacyCidr, legacyIp, parseIp } from "@knarr/machinery/addresses.ts";
import type { FieldErrors } from "@knarr/machinery/field.ts";

import { reject } from "./values.ts";

/** `previous` are the values that the object had before the update. */
export function checkAddress(errors: FieldErrors, value: string, previous: readonly string[] = []): void {
  if (!previous.includes(value)) reject(errors, value, legacyIp(value));
}

/** The same for networks, `10.0.0.0/24`. */
export function checkNetwork(errors: FieldErrors, value: string, previous: readonly string[] = []): void {
  if (!previous.includes(value)) reject(errors, value, legacyCidr(value));
}

/** Addresses that traffic is sent to: none of this machine, none of this link. */
export function checkEndpointAddress(errors: FieldErrors, value: string): void {
  const bytes = parseIp(value)?.bytes;
  if (!bytes) {
    errors.invalid(value, "must be a valid IP address");
    return;
  }
  for (const { covers, because } of reserved) if (covers(bytes)) errors.invalid(value, because(value));
}

interface Range {
  covers(address: Uint8Array): boolean;
  because(text: string): string;
}

const reserved: readonly Range[] = [
  {
    covers: (address) => address.every((byte) => byte === 0),
    because: (text) => `may not be unspecified (${text})`,
  },
  {
    covers: (address) =>
      address.length === 4 ? address[0] === 127 : address.every((byte, i) => byte === (i === 15 ? 1 : 0)),
    because: () => "may not be in the loopback range (127.0.0.0/8, ::1/128)",
  },
  {
    covers: (address) =>
      address.length === 4
        ? address[0] === 169 && address[1] === 254
        : address[0] === 0xfe && (address[1]! & 0xc0) === 0x80,
    because: () => "may not be in the link-local range (169.254.0.0/16, fe80::/10)",
  },
  {
    covers: (address) =>
      address.length === 4
        ? address[0] === 224 && address[1] === 0 && address[2] === 0
        : address[0] === 0xff && (address[1]! & 0x0f) === 2,
    because: () => "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)",
  },
];

/** Whether the addresses are of both families. */
export function isDualStack(addresses: readonly string[]): boolean {
  const lengths = new Set(addresses.map((address) => parseIp(address)?.bytes.length));
  return lengths.has(4) && lengths.has(16);
}
