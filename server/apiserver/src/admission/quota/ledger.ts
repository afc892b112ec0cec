/**
 * The one place where quotas are charged. What is used stands in each quota's status, in the store: a write is let through only when all
 * its quotas have been charged there, so that of many writes at once no more pass than there is room for, whichever server they came to.
 *
 * Writes of one namespace that come while quotas are being charged wait for each other and are charged together, with one write to each
 * quota: a burst of a thousand pods does not cost a thousand.
 */

import { resourceQuota } from "@knarr/kinds/core/resource-quota.ts";
import type { ResourceQuota } from "@knarr/kinds/generated/core-v1.ts";
import {
  amountsOf,
  isSame,
  moreThan,
  only,
  plus,
  usageOf,
  usageText,
  type Usage,
} from "@knarr/kinds/shared/quota/usage.ts";
import { keyOf } from "@knarr/machinery/object.ts";
import { isNotFound } from "@knarr/machinery/status.ts";
import type { Caches } from "../../cache/cache.ts";
import { costsOf, type Costs, type Wanted } from "./costs.ts";

export interface Bill extends Wanted {
  /** Only looks whether there is room. */
  readonly isDryRun: boolean;
  /** Is charged, but never refused. */
  readonly isStatus: boolean;
}

interface Waiting {
  readonly bill: Bill;
  readonly settled: PromiseWithResolvers<Costs>;
}

interface Payer extends Waiting {
  readonly costs: Costs;
  refusal?: unknown;
}

export class QuotaLedger {
  readonly #caches: Caches;
  /** By namespace, while one is being served. */
  readonly #waiting = new Map<string, Waiting[]>();

  constructor(caches: Caches) {
    this.#caches = caches;
  }

  /** Resolves with what has been charged; rejects with ApiError when there is no room. */
  charge(namespace: string, bill: Bill): Promise<Costs> {
    const waiting: Waiting = { bill, settled: Promise.withResolvers() };
    const line = this.#waiting.get(namespace);
    if (line) line.push(waiting);
    else {
      this.#waiting.set(namespace, [waiting]);
      void this.#serve(namespace); // never rejects
    }
    return waiting.settled.promise;
  }

  /** Gives back what a write was charged that came to nothing. */
  async refund(costs: Costs): Promise<void> {
    for (const [quota, cost] of costs)
      await this.#change(quota, (used) => ({
        ...used,
        ...only(moreThan(used, cost), (name) => name in cost),
      }));
  }

  async #serve(namespace: string): Promise<void> {
    for (let line; (line = this.#waiting.get(namespace)!).length > 0;) {
      this.#waiting.set(namespace, []);
      await this.#settle(namespace, line).catch((err: unknown) => {
        for (const { settled } of line) settled.reject(err);
      });
    }
    this.#waiting.delete(namespace);
  }

  async #settle(namespace: string, line: readonly Waiting[]): Promise<void> {
    const payers = this.#admit(namespace, line);
    const quotas = new Set(payers.flatMap(({ costs }) => [...costs.keys()]));
    for (const quota of quotas) await this.#pay(quota, payers);
    for (const { settled, costs, refusal } of payers) {
      if (refusal === undefined) settled.resolve(costs);
      else settled.reject(refusal);
    }
  }

  /** Those that have room in all their quotas, one after the other; the others are refused at once. */
  #admit(namespace: string, line: readonly Waiting[]): Payer[] {
    const quotas = this.#caches
      .of(resourceQuota)
      .items(namespace)
      .map(({ object }) => object);
    const used = new Map(quotas.map((quota) => [quota, usageOf(quota.status?.used)]));
    const payers: Payer[] = [];
    for (const { bill, settled } of line) {
      try {
        const costs = costsOf(bill, quotas);
        const after = [...costs].map(
          ([quota, cost]) => [quota, spend(quota, used.get(quota)!, { bill, cost })] as const,
        );
        if (bill.isDryRun || costs.size === 0) {
          settled.resolve(new Map());
          continue;
        }
        for (const [quota, sum] of after) used.set(quota, sum);
        payers.push({ bill, settled, costs });
      } catch (err) {
        settled.reject(err);
      }
    }
    return payers;
  }

  /** Charges one quota for all that still have room in it as it is now; the others get back what other quotas were charged for them. */
  async #pay(quota: ResourceQuota, payers: readonly Payer[]): Promise<void> {
    const paying = payers.filter(({ costs, refusal }) => costs.has(quota) && refusal === undefined);
    let refused = new Map<Payer, unknown>();
    await this.#change(quota, (used, current) => {
      refused = new Map();
      let sum = used;
      for (const payer of paying) {
        try {
          sum = spend(current, sum, { bill: payer.bill, cost: payer.costs.get(quota)! });
        } catch (err) {
          refused.set(payer, err);
        }
      }
      return sum;
    });
    for (const [payer, err] of refused) {
      payer.refusal = err;
      const paid = [...payer.costs].slice(0, [...payer.costs.keys()].indexOf(quota));
      await this.refund(new Map(paid));
    }
  }

  /** A quota that is gone limits nothing. */
  async #change(quota: ResourceQuota, change: (used: Usage, current: ResourceQuota) => Usage): Promise<void> {
    try {
      await this.#caches.of(resourceQuota).update(keyOf(quota), (current) => {
        const before = usageOf(current.status?.used);
        const used = change(before, current);
        if (isSame(used, before)) throw unchanged;
        return { ...current, status: { ...current.status, used: amountsOf(used) } };
      });
    } catch (err) {
      if (err !== unchanged && !isNotFound(err)) throw err;
    }
  }
}

/** Nothing to write: ends an update. */
const unchanged = new Error("The quota stays as it is");

/** What is used of the quota then. Throws ApiError when that is more than there is. */
function spend(
  { metadata, status = {} }: ResourceQuota,
  used: Usage,
  { bill, cost }: { readonly bill: Bill; readonly cost: Usage },
): Usage {
  const hard = usageOf(status.hard);
  const requested = only(cost, (name) => hard[name] !== undefined);
  const after = plus(used, requested);
  const isOver = (name: string): boolean =>
    requested[name] !== undefined && after[name]!.compare(hard[name]!) > 0;
  if (bill.isStatus || !Object.keys(requested).some(isOver)) return after;
  const [wanted, have, limit] = [requested, used, hard].map((usage) => usageText(only(usage, isOver)));
  throw bill.refuse(
    `exceeded quota: ${metadata.name}, requested: ${wanted}, used: ${have}, limited: ${limit}`,
  );
}
