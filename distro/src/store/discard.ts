/** Takes one object out of the store that cannot be used, by the key that `check` has named: for servers that cannot start with it. */

import type { EncryptedStore } from "@knarr/store/encryption/encrypted-store.ts";
import { problemOf } from "./check.ts";
import { foundOf } from "./walk.ts";

export async function storeDiscard(
  store: EncryptedStore,
  [key = ""]: readonly string[],
): Promise<{ readonly problem: string }> {
  const entry = await store.raw.get(key);
  if (!entry) throw new Error(`Cannot discard ${key}: there is no such key in the store`);
  const problem = await problemOf(store, foundOf(entry));
  if (!problem) throw new Error(`Cannot discard ${key}: nothing is wrong with it. Delete it through the API`);
  await store.raw.delete(key, entry.revision);
  return { problem };
}
