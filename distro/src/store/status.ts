/** How much there is in the store, of what; and forgetting its history at once. */

import type { EncryptedStore } from "@knarr/store/encryption/encrypted-store.ts";
import { walk } from "./walk.ts";

export interface StoreStatus {
  readonly revision: number;
  readonly compacted: number;
  /** Of the file, its log included. */
  readonly bytes: number;
  readonly entries: number;
  readonly history: number;
  readonly kinds: readonly { readonly kind: string; readonly objects: number; readonly bytes: number }[];
}

export async function storeStatus(store: EncryptedStore): Promise<StoreStatus> {
  const kinds = new Map<string, { objects: number; bytes: number }>();
  for await (const page of walk(store.raw)) {
    for (const { kind, entry } of page) {
      const sum = kinds.getOrInsertComputed(kind, () => ({ objects: 0, bytes: 0 }));
      sum.objects++;
      sum.bytes += entry.value.length;
    }
  }
  const { bytes, entries, history } = await store.stats();
  const sorted = [...kinds].map(([kind, sum]) => ({ kind, ...sum })).sort((a, b) => b.bytes - a.bytes);
  return { revision: store.revision, compacted: store.compacted, bytes, entries, history, kinds: sorted };
}

export async function storeCompact(
  store: EncryptedStore,
): Promise<{ readonly before: number; readonly after: number }> {
  const { history: before } = await store.stats();
  await store.compact(store.revision);
  const { history: after } = await store.stats();
  return { before, after };
}
