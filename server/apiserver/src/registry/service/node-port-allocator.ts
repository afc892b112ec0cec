/** Who knows which node ports are taken: this process alone, or all servers of a store that others may write, too. */

import type { Service } from "@knarr/kinds/generated/core-v1.ts";
import { lowerBand, NumberPool } from "./number-pool.ts";
import type { Stored } from "./service-hooks.ts";
import { Taking } from "./taking.ts";

export type PortRange = readonly [first: number, last: number];

export interface NodePortAllocator {
  /**
   * Takes what `work` takes, or nothing when it throws or only pretends to (dry run). `work` writes the ports into the Service; it may be
   * called again when another server was faster, and finds the Service's ports as they were.
   */
  take(service: Stored, options: TakeOptions, work: (taking: Taking) => void): Promise<Taking>;
  /** Never rejects: what stays taken is found by repair. */
  release(ports: readonly number[]): Promise<void>;
}

export interface TakeOptions {
  readonly dryRun: boolean;
}

export class OwnNodePorts implements NodePortAllocator {
  readonly #pool: NumberPool;

  /** Knows the ports of the Services that there are, in a store that nobody else writes. */
  constructor(range: PortRange, services: readonly Service[]) {
    this.#pool = nodePortPool(range);
    for (const service of services) for (const port of portsOf(service)) this.#pool.take(port);
  }

  async take(_service: Stored, options: TakeOptions, work: (taking: Taking) => void): Promise<Taking> {
    const taking = new Taking(this.#pool, options);
    try {
      work(taking);
      if (options.dryRun) await this.release(taking.taken);
    } catch (err) {
      await this.release(taking.taken);
      throw err;
    }
    return taking;
  }

  async release(ports: readonly number[]): Promise<void> {
    for (const port of ports) this.#pool.release(port);
  }
}

/** With upstream's share for those who choose. */
export function nodePortPool([first, last]: PortRange): NumberPool {
  return new NumberPool(first, last, lowerBand(last - first + 1, { min: 16, max: 128, step: 32 }));
}

/** All node ports that a Service has, the one for health checks among them. */
export function portsOf({ spec }: Service): number[] {
  const ports = (spec?.ports ?? []).flatMap(({ nodePort }) => nodePort || []);
  return spec?.healthCheckNodePort ? [...ports, spec.healthCheckNodePort] : ports;
}
