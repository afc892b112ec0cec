/**
 * What Services get from the cluster: an address of the service network, ports on all nodes, a port for health checks. Taken when a Service
 * is written, given back when it no longer needs them.
 */

import type { Service } from "@knarr/kinds/generated/core-v1.ts";
import { service as serviceKind } from "@knarr/kinds/core/service.ts";
import { needsClusterIp, needsHealthCheckPort, needsNodePort } from "@knarr/kinds/shared/service/facts.ts";
import { settleAllocated, settleIpFamilies } from "@knarr/kinds/shared/service/network.ts";
import { FieldErrors } from "@knarr/machinery/field.ts";
import { type ApiError, internalError, invalid } from "@knarr/machinery/status.ts";
import { defineHooks, type HookOptions, type RegistryHooks, type Reservation } from "../hooks.ts";
import { allocateNodePorts, takeHealthCheckPort, updateNodePorts } from "./node-ports.ts";
import { portsOf, type NodePortAllocator } from "./node-port-allocator.ts";
import { AddressProblem, RangeFull, type ServiceAddresses } from "./service-addresses.ts";
import type { Taking } from "./taking.ts";

export type Stored = Service & {
  metadata: NonNullable<Service["metadata"]>;
  spec: NonNullable<Service["spec"]>;
};

/** What one write has taken, and will give back when it is done. */
interface Taken {
  readonly dryRun: boolean;
  /** Absent when the Service has to do with none. */
  ports?: Taking;
  /** Addresses that were made for it. */
  readonly addresses: string[];
  readonly released: string[];
}

const FAMILIES = { primary: "IPv4", isDualStack: false } as const;

export class ServiceAllocation {
  readonly hooks: RegistryHooks<Stored>;
  readonly #addresses: ServiceAddresses;
  readonly #ports: NodePortAllocator;

  constructor(addresses: ServiceAddresses, ports: NodePortAllocator) {
    this.#addresses = addresses;
    this.#ports = ports;
    this.hooks = defineHooks<Stored>({
      beginCreate: (service, options) => this.#begin(service, undefined, options),
      beginUpdate: (service, previous, options) => this.#begin(service, previous, options),
      afterDelete: (service) => this.#release(service),
    });
  }

  async #begin(service: Stored, previous: Stored | undefined, { dryRun }: HookOptions): Promise<Reservation> {
    settleAllocated(service, previous);
    const errors = new FieldErrors();
    settleIpFamilies(service, previous, errors, FAMILIES);
    refuse(service, errors);
    const taken: Taken = { dryRun, addresses: [], released: [] };
    try {
      await this.#takeAddresses(service, previous, taken);
      await this.#takePorts(service, previous, taken);
    } catch (err) {
      await this.#undo(taken);
      throw err;
    }
    if (dryRun) {
      await this.#undo(taken);
      return {};
    }
    return { commit: () => this.#commit(taken), undo: () => this.#undo(taken) };
  }

  async #commit({ ports, released }: Taken): Promise<void> {
    await this.#ports.release(ports?.givenUp ?? []);
    await this.#releaseAll(released);
  }

  async #undo({ dryRun, ports, addresses }: Taken): Promise<void> {
    if (!dryRun) await this.#ports.release(ports?.taken.splice(0) ?? []);
    await this.#releaseAll(addresses.splice(0));
  }

  async #takeAddresses(service: Stored, previous: Stored | undefined, taken: Taken): Promise<void> {
    const { spec } = service;
    if (previous && needsClusterIp(previous)) {
      // An address is for life, unless the Service becomes a mere name.
      if (!needsClusterIp(service)) taken.released.push(...addressesOf(previous));
      return;
    }
    if (!needsClusterIp(service) || spec.clusterIPs?.[0] === "None") return;
    const [wanted, ...others] = spec.clusterIPs ?? [];
    const address = wanted || (await this.#takeAny(service, taken));
    if (wanted) await this.#take(service, wanted, taken);
    spec.clusterIPs = [address, ...others];
    spec.clusterIP = address;
  }

  async #take(service: Stored, address: string, { dryRun, addresses }: Taken): Promise<void> {
    try {
      if (dryRun) this.#addresses.pretendToTake(address);
      else await this.#addresses.take(service, address);
    } catch (err) {
      throw err instanceof AddressProblem ? refusal(service, ` ${address}: ${err.message}`) : err;
    }
    if (!dryRun) addresses.push(address);
  }

  async #takeAny(service: Stored, { dryRun, addresses }: Taken): Promise<string> {
    try {
      if (dryRun) return this.#addresses.pretendToTakeAny();
      const address = await this.#addresses.takeAny(service);
      addresses.push(address);
      return address;
    } catch (err) {
      if (err instanceof RangeFull) throw noneLeft(service, err);
      throw err instanceof AddressProblem ? refusal(service, `: ${err.message}`) : err;
    }
  }

  async #takePorts(service: Stored, previous: Stored | undefined, taken: Taken): Promise<void> {
    const mayNeed = [service, previous].some(
      (one) => one && (needsNodePort(one) || needsHealthCheckPort(one)),
    );
    if (!mayNeed) return;
    taken.ports = await this.#ports.take(service, taken, (taking) => {
      if (previous) updateNodePorts(service, previous, taking);
      else if (needsNodePort(service)) allocateNodePorts(service, taking);
      const needed = previous !== undefined && needsHealthCheckPort(previous);
      if (needsHealthCheckPort(service) && !needed) takeHealthCheckPort(service, taking);
      else if (needed && !needsHealthCheckPort(service) && previous.spec.healthCheckNodePort)
        taking.giveUp(previous.spec.healthCheckNodePort);
    });
  }

  async #release(service: Stored): Promise<void> {
    await this.#ports.release(portsOf(service));
    await this.#releaseAll(addressesOf(service));
  }

  async #releaseAll(addresses: readonly string[]): Promise<void> {
    await Promise.all(addresses.map((address) => this.#addresses.release(address)));
  }
}

function refuse({ metadata }: Stored, errors: FieldErrors): void {
  if (errors.list.length > 0) throw invalid(serviceKind, metadata.name ?? "", errors.list);
}

function refusal(service: Stored, why: string): ApiError {
  const errors = new FieldErrors();
  const { clusterIPs } = service.spec;
  const value = clusterIPs?.length ? clusterIPs : [""];
  errors.at("spec").at("clusterIPs").invalid(value, `failed to allocate IP${why}`);
  return invalid(serviceKind, service.metadata.name ?? "", errors.list);
}

function noneLeft({ metadata: { name = "" } }: Stored, err: RangeFull): ApiError {
  const what = `failed to allocate a serviceIP for Service ${JSON.stringify(name)}`;
  return internalError(new Error(`${what}: ${err.message}`));
}

/** The addresses that a Service has. */
export function addressesOf({ spec }: Service): string[] {
  return (spec?.clusterIPs ?? []).filter((address) => address && address !== "None");
}
