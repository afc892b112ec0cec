/**
 * Addresses of Services. One that is taken is an IPAddress, made before the Service has it and deleted when the Service has it no longer;
 * ServiceCIDRs that are ready say which there are.
 */

import type { Api } from "@knarr/client/api.ts";
import { ipAddress, serviceAddress } from "@knarr/kinds/networking/ip-address.ts";
import { givesAddresses, serviceCidr } from "@knarr/kinds/networking/service-cidr.ts";
import { Network } from "@knarr/machinery/networks.ts";
import { ApiError, isAlreadyExists } from "@knarr/machinery/status.ts";
import type { World } from "../../admission/plugin.ts";
import { AddressRange } from "./address-range.ts";
import type { Stored } from "./service-hooks.ts";

/** Why an address cannot be had, in upstream's words. */
export class AddressProblem extends Error {}
export class RangeFull extends AddressProblem {
  constructor() {
    super("range is full");
  }
}

export class ServiceAddresses {
  readonly #world: World;
  #api: Api | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  /** Before this nothing can be taken. `api` is that of a member of system:masters. */
  start(api: Api): void {
    this.#api = api;
  }

  /** Throws AddressProblem. */
  async take(service: Stored, address: string): Promise<void> {
    if (!this.#ranges().some(({ network }) => network.hasHost(address)))
      throw new AddressProblem("the provided network does not match the current range");
    await this.#create(service, address);
  }

  /** An address that was free. Throws AddressProblem. */
  async takeAny(service: Stored): Promise<string> {
    for (const range of this.#ranges()) {
      for (;;) {
        const address = range.find((name) => this.#isTaken(name));
        if (address === undefined) break;
        if (await this.#createFree(service, address)) return address;
      }
    }
    throw new RangeFull();
  }

  /** As upstream: only whether the address is one at all. Throws AddressProblem. */
  pretendToTake(address: string): void {
    const ranges = this.#ranges();
    if (ranges.some(({ network }) => network.hasHost(address))) return;
    const [range] = ranges;
    throw new AddressProblem(
      range
        ? `the provided IP (${address}) is not in the valid range. The range of valid IPs is ${range.cidr}`
        : "allocator not ready",
    );
  }

  /** As upstream, which does not look for a free one then. Throws AddressProblem. */
  pretendToTakeAny(): string {
    const [range] = this.#ranges();
    if (!range) throw new AddressProblem("allocator not ready");
    return range.network.addressAt(0);
  }

  /** Never rejects: what stays is found by repair. */
  async release(address: string): Promise<void> {
    await this.#api!.delete(ipAddress, address).catch(() => {});
  }

  #ranges(): AddressRange[] {
    const ranges = new Map<string, AddressRange>();
    for (const object of this.#world.list(serviceCidr)) {
      if (!givesAddresses(object)) continue;
      for (const cidr of object.spec?.cidrs ?? []) {
        const network = Network.parse(cidr);
        if (network && !network.isIpv6) ranges.set(cidr, new AddressRange(cidr, network));
      }
    }
    return [...ranges.values()];
  }

  #isTaken(address: string): boolean {
    return this.#world.get(ipAddress, address) !== undefined;
  }

  /** False when somebody was faster. */
  async #createFree(service: Stored, address: string): Promise<boolean> {
    try {
      await this.#create(service, address);
      return true;
    } catch (err) {
      if (err instanceof Allocated) return false;
      throw err;
    }
  }

  async #create(service: Stored, address: string): Promise<void> {
    try {
      await this.#api!.create(ipAddress, serviceAddress(address, service));
    } catch (err) {
      if (isAlreadyExists(err)) throw new Allocated();
      throw err instanceof ApiError ? new AddressProblem(err.message) : err;
    }
  }
}

class Allocated extends AddressProblem {
  constructor() {
    super("provided IP is already allocated");
  }
}
