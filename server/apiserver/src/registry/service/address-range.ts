/**
 * The addresses of one IPv4 network that Services may have.
 *
 * Who asks for none gets a random one of the upper band, and of the lower only when the upper is full, so that addresses chosen by hand,
 * mostly low ones, stay free (KEP-3070).
 */

import { Network } from "@knarr/machinery/networks.ts";
import { randomInt } from "node:crypto";
import { lowerBand } from "./number-pool.ts";

export class AddressRange {
  readonly cidr: string;
  readonly network: Network;
  /** How many addresses there are, neither the network's nor the broadcast's among them. */
  readonly #size: number;
  readonly #lower: number;

  constructor(cidr: string, network: Network) {
    const all = Number(network.last - network.first) + 1;
    this.cidr = cidr;
    this.network = network;
    this.#size = Math.max(0, all - 2);
    this.#lower = Math.min(this.#size, lowerBand(all, { min: 16, max: 256, step: 16 }));
  }

  /** A free address; undefined when all are taken. */
  find(isTaken: (address: string) => boolean): string | undefined {
    return this.#findIn(this.#lower + 1, this.#size, isTaken) ?? this.#findIn(1, this.#lower, isTaken);
  }

  /** From a random place on, round and round. */
  #findIn(from: number, to: number, isTaken: (address: string) => boolean): string | undefined {
    const size = to - from + 1;
    if (size <= 0) return undefined;
    const offset = randomInt(size);
    for (let i = 0; i < size; i++) {
      const address = this.network.addressAt(from + ((offset + i) % size));
      if (!isTaken(address)) return address;
    }
    return undefined;
  }
}

/** The first address of a network. Throws RangeError for what is no IPv4 network with room for Services. */
export function firstAddress(cidr: string): string {
  const network = Network.parse(cidr);
  if (!network || network.isIpv6 || network.last - network.first < 3n)
    throw new RangeError(
      `Cannot use service network ${JSON.stringify(cidr)}: wants an IPv4 CIDR of at most /30`,
    );
  return network.addressAt(1);
}
