/** `ip("10.0.0.1")` and `cidr("10.0.0.0/8")`: addresses and networks. */

import { member, overload } from "@knarr/cel/libraries/signature.ts";
import type { FunctionDeclaration, Library } from "@knarr/cel/library.ts";
import { BOOL, INT, STRING, type CelType } from "@knarr/cel/types.ts";
import { Failure, OpaqueValue, type CelValue, type Outcome } from "@knarr/cel/values.ts";
import { quote } from "@knarr/std/quote.ts";
import { CIDR, IP } from "./kubernetes-types.ts";
import {
  addressText,
  isMapped,
  isSameAddress,
  masked,
  parseAddress,
  parsePrefix,
  type Address,
  type Prefix,
} from "./netip.ts";

class IpValue extends OpaqueValue {
  readonly type = IP;
  readonly address: Address;

  constructor(address: Address) {
    super();
    this.address = address;
  }

  override get size(): number {
    return this.address.bytes.length;
  }

  override toString(): string {
    return addressText(this.address);
  }

  equals(other: CelValue): boolean | Failure {
    if (!(other instanceof IpValue)) return new Failure("no such overload");
    return isSameAddress(this.address, other.address);
  }
}

class CidrValue extends OpaqueValue {
  readonly type = CIDR;
  readonly prefix: Prefix;

  constructor(prefix: Prefix) {
    super();
    this.prefix = prefix;
  }

  /** Bytes of its prefix. */
  override get size(): number {
    return Math.ceil(this.prefix.bits / 8);
  }

  override toString(): string {
    return `${addressText(this.prefix.address)}/${this.prefix.bits}`;
  }

  equals(other: CelValue): boolean | Failure {
    if (!(other instanceof CidrValue)) return new Failure("no such overload");
    const { address, bits } = this.prefix;
    return bits === other.prefix.bits && isSameAddress(address, other.prefix.address);
  }
}

function ipOf(text: string): IpValue | Failure {
  try {
    const address = parseAddress(text);
    if (address.zone) return new Failure(`IP address ${quote(text)} with zone value is not allowed`);
    if (isMapped(address)) return mapped(text);
    return new IpValue(address);
  } catch (error) {
    const why = (error as SyntaxError).message;
    return new Failure(`IP Address ${quote(text)} parse error during conversion from string: ${why}`);
  }
}

const mapped = (text: string): Failure =>
  new Failure(`IPv4-mapped IPv6 address ${quote(text)} is not allowed`);

const PARSE_ERROR = "network address parse error during conversion from string";

function cidrOf(text: string): CidrValue | Failure {
  try {
    const prefix = parsePrefix(text);
    if (isMapped(prefix.address)) return new Failure(`${PARSE_ERROR}: ${mapped(text).message}`);
    return new CidrValue(prefix);
  } catch (error) {
    // Said twice upstream, by who parses and by who converts.
    return new Failure(`${PARSE_ERROR}: ${PARSE_ERROR}: ${(error as SyntaxError).message}`);
  }
}

function containsIp({ prefix: { address, bits } }: CidrValue, ip: IpValue | Failure): Outcome {
  // An address that is none is no address to look for.
  if (ip instanceof Failure) return new Failure("no such overload");
  const { bytes } = ip.address;
  if (bytes.length !== address.bytes.length) return false;
  return isSameAddress(masked(address, bits), masked(ip.address, bits));
}

function containsCidr({ prefix }: CidrValue, other: CidrValue | Failure): Outcome {
  if (other instanceof Failure) return other;
  const { address, bits } = other.prefix;
  if (bits < prefix.bits || address.bytes.length !== prefix.address.bytes.length) return false;
  return isSameAddress(masked(address, prefix.bits), masked(prefix.address, prefix.bits));
}

/** What an address is, by its bytes. */
function test(name: string, id: string, is: (bytes: Uint8Array) => boolean): FunctionDeclaration {
  const call = ({ address }: IpValue): Outcome => is(address.bytes);
  return { name, overloads: [member({ id, params: [IP], result: BOOL }, call)] };
}

const isV4 = (bytes: Uint8Array): boolean => bytes.length === 4;
const isUnspecified = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);
const isLoopback = (bytes: Uint8Array): boolean =>
  isV4(bytes) ? bytes[0] === 127 : bytes.at(-1) === 1 && bytes.subarray(0, 15).every((byte) => byte === 0);
const isMulticast = (bytes: Uint8Array): boolean =>
  isV4(bytes) ? (bytes[0]! & 0xf0) === 0xe0 : bytes[0] === 0xff;
const isLinkLocalMulticast = (bytes: Uint8Array): boolean =>
  isV4(bytes)
    ? bytes[0] === 224 && bytes[1] === 0 && bytes[2] === 0
    : bytes[0] === 0xff && (bytes[1]! & 0x0f) === 0x02;
const isLinkLocalUnicast = (bytes: Uint8Array): boolean =>
  isV4(bytes) ? bytes[0] === 169 && bytes[1] === 254 : bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0x80;
const isBroadcast = (bytes: Uint8Array): boolean => isV4(bytes) && bytes.every((byte) => byte === 255);
const isGlobalUnicast = (bytes: Uint8Array): boolean =>
  ![isUnspecified, isBroadcast, isLoopback, isMulticast, isLinkLocalUnicast].some((is) => is(bytes));

const of = (id: string, params: readonly CelType[], result: CelType, call: (...args: any[]) => Outcome) =>
  overload({ id, params, result }, call);
const on = (id: string, params: readonly CelType[], result: CelType, call: (...args: any[]) => Outcome) =>
  member({ id, params: [CIDR, ...params], result }, call);

export const ip: Library = {
  name: "kubernetes.net.ip",
  types: [IP],
  functions: [
    { name: "ip", overloads: [of("string_to_ip", [STRING], IP, ipOf)] },
    {
      name: "family",
      overloads: [
        member({ id: "ip_family", params: [IP], result: INT }, ({ address }: IpValue) =>
          isV4(address.bytes) ? 4 : 6,
        ),
      ],
    },
    {
      name: "ip.isCanonical",
      overloads: [
        of("ip_is_canonical", [STRING], BOOL, (text: string) => {
          const parsed = ipOf(text);
          return parsed instanceof Failure ? parsed : addressText(parsed.address) === text;
        }),
      ],
    },
    test("isUnspecified", "ip_is_unspecified", isUnspecified),
    test("isLoopback", "ip_is_loopback", isLoopback),
    test("isLinkLocalMulticast", "ip_is_link_local_multicast", isLinkLocalMulticast),
    test("isLinkLocalUnicast", "ip_is_link_local_unicast", isLinkLocalUnicast),
    test("isGlobalUnicast", "ip_is_global_unicast", isGlobalUnicast),
    {
      name: "isIP",
      overloads: [of("is_ip", [STRING], BOOL, (text: string) => ipOf(text) instanceof IpValue)],
    },
    {
      name: "string",
      overloads: [of("ip_to_string", [IP], STRING, String)],
    },
  ],
};

export const cidr: Library = {
  name: "kubernetes.net.cidr",
  types: [CIDR],
  functions: [
    { name: "cidr", overloads: [of("string_to_cidr", [STRING], CIDR, cidrOf)] },
    {
      name: "containsIP",
      overloads: [
        on("cidr_contains_ip_string", [STRING], BOOL, (network, text) => containsIp(network, ipOf(text))),
        on("cidr_contains_ip_ip", [IP], BOOL, containsIp),
      ],
    },
    {
      name: "containsCIDR",
      overloads: [
        on("cidr_contains_cidr_string", [STRING], BOOL, (network, text) =>
          containsCidr(network, cidrOf(text)),
        ),
        on("cidr_contains_cidr", [CIDR], BOOL, containsCidr),
      ],
    },
    {
      name: "ip",
      overloads: [on("cidr_ip", [], IP, ({ prefix }: CidrValue) => new IpValue(prefix.address))],
    },
    {
      name: "prefixLength",
      overloads: [on("cidr_prefix_length", [], INT, ({ prefix }: CidrValue) => prefix.bits)],
    },
    {
      name: "masked",
      overloads: [
        on("cidr_masked", [], CIDR, ({ prefix: { address, bits } }: CidrValue) => {
          return new CidrValue({ address: masked(address, bits), bits });
        }),
      ],
    },
    {
      name: "isCIDR",
      overloads: [of("is_cidr", [STRING], BOOL, (text: string) => cidrOf(text) instanceof CidrValue)],
    },
    {
      name: "string",
      overloads: [of("cidr_to_string", [CIDR], STRING, String)],
    },
  ],
};
