/** The stores there are, by the scheme of their address: what `--datastore-endpoint` may say. */

import { realClock, type Clock } from "@knarr/std/clock.ts";
import type { MovedPrefixes } from "../sqlite/database.ts";
import type { Store } from "../store.ts";
import { MemoryStore } from "./memory.ts";
import { SqliteStore } from "./sqlite.ts";

interface Driver {
  readonly scheme: string;
  readonly example: string;
  open(address: URL, options: StoreOptions): Promise<Store>;
}

export interface StoreOptions {
  readonly clock?: Clock;
  /** What keys began with in stores of earlier versions, each with what they begin with now. */
  readonly movedPrefixes?: MovedPrefixes;
}

export const drivers: readonly Driver[] = [
  {
    scheme: "sqlite",
    example: "sqlite:///var/lib/knarr/server/store.db",
    open: ({ pathname }, options) => SqliteStore.open({ path: decodeURIComponent(pathname), ...options }),
  },
  { scheme: "memory", example: "memory:", open: async (_address, options) => new MemoryStore(options) },
];

/** Opens the store at `sqlite:///path` or `memory:`, which from then on also forgets its history by itself. */
export async function openStore(address: string, options: StoreOptions = {}): Promise<Store> {
  const url = URL.parse(address);
  const driver = drivers.find(({ scheme }) => url?.protocol === `${scheme}:`);
  if (!url || !driver || (driver.scheme === "sqlite" && (url.host || url.pathname.length < 2))) {
    const examples = drivers.map(({ example }) => example).join(" or ");
    throw new SyntaxError(`Cannot open the store "${address}": it must be like ${examples}`);
  }
  return driver.open(url, { clock: realClock, ...options });
}
