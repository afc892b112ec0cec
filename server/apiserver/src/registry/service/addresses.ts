/** IPv4 networks as pools of addresses. */

import { lowerBand, NumberPool } from "./number-pool.ts";

export class AddressPool {
  readonly cidr: string;
  readonly pool: NumberPool;
  readonly #base: number;

  /** Throws RangeError for what is no IPv4 network. */
  constructor(cidr: string) {
    const [network = "", bits = ""] = cidr.split("/");
    const base = toNumber(network);
    const length = Number(bits);
    if (base === undefined || !/^\d+$/.test(bits) || length < 12 || length > 30)
      throw new RangeError(
        `Cannot use service network ${JSON.stringify(cidr)}: wants an IPv4 CIDR of /12 to /30`,
      );
    const size = 2 ** (32 - length);
    this.cidr = cidr;
    this.#base = Math.floor(base / size) * size;
    // neither the network's address nor the broadcast's
    this.pool = new NumberPool(1, size - 2, lowerBand(size, { min: 16, max: 256, step: 16 }));
  }

  /** Undefined for addresses outside. */
  offsetOf(address: string): number | undefined {
    const number = toNumber(address);
    const offset = number === undefined ? -1 : number - this.#base;
    return this.pool.contains(offset) ? offset : undefined;
  }

  addressAt(offset: number): string {
    const number = this.#base + offset;
    return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
  }
}

function toNumber(address: string): number | undefined {
  const parts = address.split(".");
  if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255))
    return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}
