/** A store as a command opens it that wants it for itself: no server may be there. */

import { MASTER_LEASES, movedPrefixes } from "@knarr/apiserver/cache/store-keys.ts";
import { openStore } from "@knarr/store/drivers/drivers.ts";
import type { Store } from "@knarr/store/store.ts";
import { datastoreTls } from "../datastore.ts";
import type { Config } from "../options.ts";

/** Throws when anybody serves it. */
export async function openUnserved(config: Config, address: string): Promise<Store> {
  const store = await openStore(address, { movedPrefixes: movedPrefixes(), ...datastoreTls(config) });
  const { entries } = await store.list(MASTER_LEASES);
  if (entries.length === 0) return store;
  await store[Symbol.asyncDispose]();
  const servers = entries.map(({ key }) => key.slice(MASTER_LEASES.length)).join(", ");
  throw new Error(
    `Cannot use the store ${address} while it is served (by ${servers}): stop that first. One that was killed counts for 15 seconds`,
  );
}
