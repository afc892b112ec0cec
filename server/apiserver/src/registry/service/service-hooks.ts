/**
 * What Services get from the cluster: an address of the service network, ports on all nodes, a port for health checks. Taken when a Service
 * is written, given back when it no longer needs them, and counted anew from what is stored when the server starts.
 */

import type { Service } from "@knarr/kinds/generated/core-v1.ts";
import { service as serviceKind } from "@knarr/kinds/core/service.ts";
import { needsClusterIp, needsHealthCheckPort, needsNodePort } from "@knarr/kinds/shared/service/facts.ts";
import { settleAllocated, settleIpFamilies } from "@knarr/kinds/shared/service/network.ts";
import { FieldErrors } from "@knarr/machinery/field.ts";
import { invalid } from "@knarr/machinery/status.ts";
import type { World } from "../../admission/plugin.ts";
import { defineHooks, type HookOptions, type RegistryHooks, type Reservation } from "../hooks.ts";
import { AddressPool } from "./addresses.ts";
import { allocateNodePorts, takeHealthCheckPort, updateNodePorts } from "./node-ports.ts";
import { lowerBand, NumberPool, Taking } from "./number-pool.ts";

export type Stored = Service & {
  metadata: NonNullable<Service["metadata"]>;
  spec: NonNullable<Service["spec"]>;
};

export interface ServiceNetwork {
  readonly cidr: string;
  readonly ports: readonly [first: number, last: number];
}

const FAMILIES = { primary: "IPv4", isDualStack: false } as const;

export class ServiceAllocation {
  readonly hooks: RegistryHooks<Stored>;
  readonly #addresses: AddressPool;
  readonly #ports: NumberPool;

  constructor({ cidr, ports: [first, last] }: ServiceNetwork) {
    this.#addresses = new AddressPool(cidr);
    const lower = lowerBand(last - first + 1, { min: 16, max: 128, step: 32 });
    this.#ports = new NumberPool(first, last, lower);
    this.hooks = defineHooks<Stored>({
      beginCreate: (service, options) => this.#begin(service, undefined, options),
      beginUpdate: (service, previous, options) => this.#begin(service, previous, options),
      afterDelete: (service) => this.#release(service),
    });
  }

  /** Takes note of what stored Services have. */
  repair({ list }: World): void {
    for (const service of list(serviceKind)) {
      for (const address of service.spec?.clusterIPs ?? []) {
        const offset = this.#addresses.offsetOf(address);
        if (offset !== undefined) this.#addresses.pool.take(offset);
      }
      for (const port of portsOf(service)) this.#ports.take(port);
    }
  }

  #begin(service: Stored, previous: Stored | undefined, { dryRun }: HookOptions): Reservation {
    settleAllocated(service, previous);
    const errors = new FieldErrors();
    settleIpFamilies(service, previous, errors, FAMILIES);
    refuse(service, errors);
    const taking = new Taking({ dryRun });
    try {
      this.#takeAddresses(service, previous, taking);
      this.#takePorts(service, previous, taking);
    } catch (err) {
      taking.undo();
      throw err;
    }
    if (dryRun) {
      taking.undo();
      return {};
    }
    return { commit: () => taking.commit(), undo: () => taking.undo() };
  }

  #takeAddresses(service: Stored, previous: Stored | undefined, taking: Taking): void {
    const { spec } = service;
    if (previous && needsClusterIp(previous)) {
      // An address is for life, unless the Service becomes a mere name.
      if (needsClusterIp(service)) return;
      for (const address of previous.spec.clusterIPs ?? []) {
        const offset = this.#addresses.offsetOf(address);
        if (offset !== undefined) taking.releaseLater(this.#addresses.pool, offset);
      }
      return;
    }
    if (!needsClusterIp(service) || spec.clusterIPs?.[0] === "None") return;
    const wanted = spec.clusterIPs?.[0];
    const address = wanted ? this.#take(service, wanted, taking) : this.#takeAny(service, taking);
    spec.clusterIPs = [address, ...(spec.clusterIPs ?? []).slice(1)];
    spec.clusterIP = address;
  }

  #take(service: Stored, address: string, taking: Taking): string {
    const offset = this.#addresses.offsetOf(address);
    const problem =
      offset === undefined
        ? "the provided network does not match the current range"
        : taking.take(this.#addresses.pool, offset)
          ? undefined
          : "provided IP is already allocated";
    if (problem === undefined) return address;
    const errors = new FieldErrors();
    const why = `failed to allocate IP ${address}: ${problem}`;
    errors.at("spec").at("clusterIPs").invalid(service.spec.clusterIPs, why);
    throw invalid(serviceKind, service.metadata.name ?? "", errors.list);
  }

  #takeAny(service: Stored, taking: Taking): string {
    const offset = taking.takeAny(this.#addresses.pool);
    if (offset !== undefined) return this.#addresses.addressAt(offset);
    const errors = new FieldErrors();
    errors
      .at("spec")
      .at("clusterIPs")
      .invalid(service.spec.clusterIPs ?? [], "failed to allocate IP: range is full");
    throw invalid(serviceKind, service.metadata.name ?? "", errors.list);
  }

  #takePorts(service: Stored, previous: Stored | undefined, taking: Taking): void {
    if (previous) updateNodePorts(service, previous, this.#ports, taking);
    else if (needsNodePort(service)) allocateNodePorts(service, this.#ports, taking);
    const needed = previous !== undefined && needsHealthCheckPort(previous);
    if (needsHealthCheckPort(service) && !needed) takeHealthCheckPort(service, this.#ports, taking);
    else if (needed && !needsHealthCheckPort(service) && previous.spec.healthCheckNodePort)
      taking.releaseLater(this.#ports, previous.spec.healthCheckNodePort);
  }

  #release(service: Stored): void {
    for (const address of service.spec.clusterIPs ?? []) {
      const offset = this.#addresses.offsetOf(address);
      if (offset !== undefined) this.#addresses.pool.release(offset);
    }
    for (const port of portsOf(service)) this.#ports.release(port);
  }
}

function refuse({ metadata }: Stored, errors: FieldErrors): void {
  if (errors.list.length > 0) throw invalid(serviceKind, metadata.name ?? "", errors.list);
}

/** All node ports that a Service has. */
function portsOf({ spec }: Service): number[] {
  const ports = (spec?.ports ?? []).flatMap(({ nodePort }) => nodePort || []);
  return spec?.healthCheckNodePort ? [...ports, spec.healthCheckNodePort] : ports;
}
