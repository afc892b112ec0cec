/**
 * Keeps what a shared store says of node ports in step with the Services that there are: when a server starts, and every three minutes, since a
 * server may end between the two. Upstream's portallocator-repair-controller.
 *
 * A port that is taken and that no Service has may be about to be some Service's: it is given back when that has been so three times.
 */

import type { Service } from "@knarr/kinds/generated/core-v1.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import { portsOf } from "./node-port-allocator.ts";
import type { RangeAllocation } from "./range-allocation.ts";
import type { SharedNodePorts } from "./shared-node-ports.ts";

export const REPAIR_SOURCE = "portallocator-repair-controller";
const INTERVAL_MS = 3 * 60_000;
const SEEN_BEFORE_GIVEN_BACK = 3;

export interface NodePortRepairOptions {
  readonly ports: SharedNodePorts;
  /** All Services, as they are at this moment or later. */
  services(): Promise<readonly Service[]>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Hears what users should know of a Service. */
  warn(service: Service, reason: string, message: string): void;
}

export class NodePortRepair {
  readonly #options: NodePortRepairOptions;
  /** How often ports were found that nobody has. */
  #unused = new Map<number, number>();

  constructor(options: NodePortRepairOptions) {
    this.#options = options;
  }

  /** Runs until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(INTERVAL_MS, signal).catch(() => {}); // aborted: the loop ends
      if (!signal.aborted)
        await this.once().catch((err: unknown) =>
          log.error("Node ports could not be looked through", { err }),
        );
    }
  }

  async once(): Promise<void> {
    const { ports, services } = this.#options;
    for (;;) {
      // In this order: a port that is taken after it was read here makes the write below fail.
      const snapshot = await ports.read();
      const before = snapshot.allocation?.taken ?? new Set<number>();
      const { used, warnings } = this.#portsOf(await services(), snapshot.allocation && before);
      const unused = new Map<number, number>();
      for (const port of before)
        if (!used.has(port) && this.#isInRange(port)) unused.set(port, (this.#unused.get(port) ?? 0) + 1);
      const kept = [...unused].filter(([, times]) => times < SEEN_BEFORE_GIVEN_BACK);
      const [first, last] = ports.range;
      const allocation = { first, last, taken: used.union(new Set(kept.map(([port]) => port))) };
      const isRight = snapshot.allocation && isSame(allocation, snapshot.allocation);
      if (!isRight && !(await ports.replace(snapshot, allocation))) continue;
      this.#unused = new Map(kept);
      for (const [service, reason, message] of warnings) this.#options.warn(service, reason, message);
      return;
    }
  }

  /** What Services have, and what is wrong with it. `known` is what the store has of it; absent before the first time. */
  #portsOf(services: readonly Service[], known: ReadonlySet<number> | undefined) {
    const used = new Set<number>();
    const warnings: [service: Service, reason: string, message: string][] = [];
    for (const service of services) {
      for (const port of new Set(portsOf(service))) {
        if (!this.#isInRange(port)) {
          const why = `is not within the port range ${this.#options.ports.range.join("-")}`;
          warnings.push([service, "PortOutOfRange", `Port ${port} ${why}; please recreate service`]);
        } else if (used.has(port)) {
          const why = "was assigned to multiple services; please recreate service";
          warnings.push([service, "PortAlreadyAllocated", `Port ${port} ${why}`]);
        } else {
          used.add(port);
          if (known && !known.has(port))
            warnings.push([service, "PortNotAllocated", `Port ${port} is not allocated; repairing`]);
        }
      }
    }
    return { used, warnings };
  }

  #isInRange(port: number): boolean {
    const [first, last] = this.#options.ports.range;
    return port >= first && port <= last;
  }
}

function isSame(a: RangeAllocation, b: RangeAllocation): boolean {
  const isSameRange = a.first === b.first && a.last === b.last;
  return isSameRange && a.taken.size === b.taken.size && a.taken.isSubsetOf(b.taken);
}
