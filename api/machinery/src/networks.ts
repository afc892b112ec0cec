/** Ranges of IP addresses: what lies in a network, for both families. */

import { formatIp, parseCidr, parseIp } from "./addresses.ts";

export class Network {
  readonly isIpv6: boolean;
  /** The network's own address. */
  readonly first: bigint;
  readonly last: bigint;

  private constructor(isIpv6: boolean, first: bigint, last: bigint) {
    this.isIpv6 = isIpv6;
    this.first = first;
    this.last = last;
  }

  /** Undefined for what is no CIDR. Bits beyond the prefix are ignored. */
  static parse(cidr: string): Network | undefined {
    const parsed = parseCidr(cidr);
    if (!parsed) return undefined;
    const { bytes, prefix } = parsed;
    const hostBits = BigInt(bytes.length * 8 - prefix);
    const first = (toBigInt(bytes) >> hostBits) << hostBits;
    return new Network(bytes.length === 16, first, first + (1n << hostBits) - 1n);
  }

  /** Whether `address` lies here and a host may have it: it is neither the network's own nor IPv4's broadcast. */
  hasHost(address: string): boolean {
    const bytes = parseIp(address)?.bytes;
    if (!bytes || (bytes.length === 16) !== this.isIpv6) return false;
    const value = toBigInt(bytes);
    return value > this.first && (this.isIpv6 ? value <= this.last : value < this.last);
  }

  /** All of `other` lies here. */
  covers(other: Network): boolean {
    return this.isIpv6 === other.isIpv6 && this.first <= other.first && other.last <= this.last;
  }

  overlaps(other: Network): boolean {
    return this.isIpv6 === other.isIpv6 && this.first <= other.last && other.first <= this.last;
  }

  /** `n` addresses after the network's own. */
  addressAt(n: number): string {
    let rest = this.first + BigInt(n);
    const bytes = new Uint8Array(this.isIpv6 ? 16 : 4);
    for (let i = bytes.length - 1; i >= 0; i--, rest >>= 8n) bytes[i] = Number(rest & 255n);
    return formatIp(bytes);
  }
}

function toBigInt(bytes: Uint8Array): bigint {
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}
