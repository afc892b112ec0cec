/**
 * Leases for entries that end by themselves, one for many: it is given to all that is written within some time, up to a number of them, and an
 * entry lives that much longer at most.
 */

import { randomInt } from "node:crypto";
import type { Clock } from "@knarr/std/clock.ts";
import type { EtcdConnection } from "./connection.ts";
import { leaseGrant } from "./rpc.ts";

/** etcd takes any number; ours stay whole as a number of JavaScript's. */
const MAX_ID = 2 ** 47;

/** For how long one lease is given out, and to how many entries. */
export interface Sharing {
  readonly seconds: number;
  readonly entries: number;
}

/** As upstream has it: a minute, or a twentieth of their life when that is less. */
const asUpstream = (life: number): Sharing => ({
  seconds: Math.min(60, Math.floor(life / 20)),
  entries: 1000,
});

interface Lease {
  readonly id: Promise<number>;
  readonly until: number;
  entries: number;
}

export class Leases {
  readonly #connection: EtcdConnection;
  readonly #clock: Clock;
  readonly #sharing: (life: number) => Sharing;
  readonly #bySeconds = new Map<number, Lease>();

  constructor(connection: EtcdConnection, clock: Clock, sharing = asUpstream) {
    this.#connection = connection;
    this.#clock = clock;
    this.#sharing = sharing;
  }

  /** A lease that ends in `seconds` or a bit later. */
  async of(seconds: number): Promise<number> {
    const now = this.#clock.now();
    const sharing = this.#sharing(seconds);
    let lease = this.#bySeconds.get(seconds);
    if (!lease || lease.until <= now || lease.entries >= sharing.entries) {
      const id = this.#grant(seconds + sharing.seconds);
      lease = { id, until: now + sharing.seconds * 1000, entries: 0 };
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

  /** All are granted anew: etcd has not got one any more that was given out. */
  forget(): void {
    this.#bySeconds.clear();
  }

  async #grant(seconds: number): Promise<number> {
    const id = randomInt(1, MAX_ID);
    // Granted twice under two members it would be refused; a lease that nobody knows of ends by itself.
    await this.#connection.once(leaseGrant, { seconds, id });
    return id;
  }
}
