/** What one write has taken of a pool, and what it will give back when it is done. */

import type { NumberPool } from "./number-pool.ts";

export class Taking {
  readonly pool: NumberPool;
  readonly dryRun: boolean;
  /** To be released when the write does not happen. */
  readonly taken: number[] = [];
  /** To be released when it does. */
  readonly givenUp: number[] = [];

  constructor(pool: NumberPool, { dryRun = false }: { readonly dryRun?: boolean } = {}) {
    this.pool = pool;
    this.dryRun = dryRun;
  }

  /** Whether `number` was free. */
  take(number: number): boolean {
    const isFree = this.pool.take(number);
    if (isFree) this.taken.push(number);
    return isFree;
  }

  /** Undefined when there is none. */
  takeAny(): number | undefined {
    const number = this.pool.takeAny();
    if (number !== undefined) this.taken.push(number);
    return number;
  }

  /** Not before the write is done. */
  giveUp(number: number): void {
    this.givenUp.push(number);
  }
}
