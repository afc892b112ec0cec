/**
 * Node ports in a store that others write, too: which are taken stands there, in the one value that upstream's servers keep it in. Whoever
 * takes some replaces it as it was, so of two servers that take the same port in the same moment one sees that it is taken.
 */

import { ApiError, internalError } from "@knarr/machinery/status.ts";
import { RevisionChanged, type Entry, type Store } from "@knarr/store/store.ts";
import { unavailable } from "../../cache/caught-up.ts";
import { RANGES } from "../../cache/store-keys.ts";
import type { Stored } from "./service-hooks.ts";
import {
  nodePortPool,
  type NodePortAllocator,
  type PortRange,
  type TakeOptions,
} from "./node-port-allocator.ts";
import { NumberPool } from "./number-pool.ts";
import { readRangeAllocation, writeRangeAllocation, type RangeAllocation } from "./range-allocation.ts";
import { Taking } from "./taking.ts";

const KEY = `${RANGES}servicenodeports`;
const RESOURCE = "servicenodeportallocations";

/** The value as it was read; `revision` is 0 when there is none. */
export interface Snapshot {
  readonly revision: number;
  readonly allocation: RangeAllocation | undefined;
}

export class SharedNodePorts implements NodePortAllocator {
  readonly range: PortRange;
  readonly #store: Store;
  /** Requests of this server take turns: among themselves they need not run into each other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(range: PortRange, store: Store) {
    this.range = range;
    this.#store = store;
  }

  take(service: Stored, options: TakeOptions, work: (taking: Taking) => void): Promise<Taking> {
    const { spec } = service;
    const { ports, healthCheckNodePort } = structuredClone(spec);
    return this.#change((pool) => {
      if (ports) spec.ports = structuredClone(ports);
      if (healthCheckNodePort === undefined) delete spec.healthCheckNodePort;
      const taking = new Taking(pool, options);
      work(taking);
      return { result: taking, isChanged: taking.taken.length > 0 && !options.dryRun };
    });
  }

  async release(ports: readonly number[]): Promise<void> {
    if (ports.length === 0) return;
    const releasing = this.#change((pool) => {
      for (const port of ports) pool.release(port);
      return { result: undefined, isChanged: true };
    });
    await releasing.catch(() => {}); // repair finds it
  }

  async read(): Promise<Snapshot> {
    return snapshotOf(await this.#store.get(KEY));
  }

  /** False when it has been changed since it was read. */
  replace({ revision }: Snapshot, allocation: RangeAllocation): Promise<boolean> {
    const putting = this.#store.put(KEY, writeRangeAllocation(allocation), revision);
    return putting.then(
      () => true,
      (err: unknown) => {
        if (err instanceof RevisionChanged) return false;
        throw err;
      },
    );
  }

  #change<T>(change: (pool: NumberPool) => { readonly result: T; readonly isChanged: boolean }): Promise<T> {
    const changing = this.#turn.then(async () => {
      for (;;) {
        const snapshot = await this.read();
        const pool = this.#poolOf(snapshot);
        const { result, isChanged } = change(pool);
        if (!isChanged || (await this.replace(snapshot, pool))) return result;
      }
    });
    this.#turn = changing.catch(() => {}); // who waits for the turn does not care how it ended
    return changing.catch((err: unknown) => {
      throw unavailable(err);
    });
  }

  #poolOf({ allocation }: Snapshot): NumberPool {
    if (!allocation)
      throw new ApiError("InternalError", `cannot allocate resources of type ${RESOURCE} at this time`);
    const pool = nodePortPool(this.range);
    if (allocation.first !== pool.first || allocation.last !== pool.last)
      throw internalError(new Error("the provided range does not match the current range"));
    for (const port of allocation.taken) pool.take(port);
    return pool;
  }
}

function snapshotOf(entry: Entry | undefined): Snapshot {
  return { revision: entry?.revision ?? 0, allocation: entry && readRangeAllocation(entry.value) };
}
