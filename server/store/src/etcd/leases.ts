/**
 * Leases for entries that end by themselves. As upstream has it, one lease is for all that is written within a minute, or a twentieth of their life
 * when that is less, up to a number: an entry lives that much longer at most.
 */

import { randomInt } from "node:crypto";
import type { Clock } from "@knarr/std/clock.ts";
import type { EtcdConnection } from "./connection.ts";
import { leaseGrant } from "./rpc.ts";

const MAX_REUSE_SECONDS = 60;
const MAX_ENTRIES = 1000;
/** etcd takes any number; ours stay whole as a number of JavaScript's. */
const MAX_ID = 2 ** 47;

interface Lease {
  readonly id: Promise<number>;
  readonly until: number;
  entries: number;
}

export class Leases {
  readonly #connection: EtcdConnection;
  readonly #clock: Clock;
  readonly #bySeconds = new Map<number, Lease>();

  constructor(connection: EtcdConnection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  /** A lease that ends in `seconds` or a bit later. */
  async of(seconds: number): Promise<number> {
    const now = this.#clock.now();
    const reuse = Math.min(MAX_REUSE_SECONDS, Math.floor(seconds / 20));
    let lease = this.#bySeconds.get(seconds);
    if (!lease || lease.until <= now || lease.entries >= MAX_ENTRIES) {
      lease = { id: this.#grant(seconds + reuse), until: now + reuse * 1000, entries: 0 };
      this.#bySeconds.set(seconds, lease);
    }
    lease.entries++;
    try {
      return await lease.id;
    } catch (err) {
      if (this.#bySeconds.get(seconds) === lease) this.#bySeconds.delete(seconds);
      throw err;
    }
  }

  async #grant(seconds: number): Promise<number> {
    const id = randomInt(1, MAX_ID);
    // Granted twice under two members it would be refused; a lease that nobody knows of ends by itself.
    await this.#connection.once(leaseGrant, { seconds, id });
    return id;
  }
}
