/** Whether all that the store has can be used: the file's own structures, and every object in it. */

import { isAgreement } from "@knarr/apiserver/cache/store-keys.ts";
import type { EncryptedStore } from "@knarr/store/encryption/encrypted-store.ts";
import type { Entry } from "@knarr/store/store.ts";
import { DATA_KEYS } from "@knarr/store/encryption/data-keys.ts";
import { walk } from "./walk.ts";

export interface StoreCheck {
  readonly objects: number;
  readonly problems: readonly string[];
}

/** As many are told as somebody can read. */
const MAX_PROBLEMS = 100;

export async function storeCheck(
  store: EncryptedStore,
  _words: readonly string[],
  report: (progress: string) => void,
): Promise<StoreCheck> {
  const problems = [...((await store.raw.check?.()) ?? [])];
  let objects = 0;
  for await (const page of walk(store.raw)) {
    for (const { entry, place } of page) {
      if (problems.length >= MAX_PROBLEMS) return { objects, problems };
      objects++;
      const isObject = entry.key !== DATA_KEYS && !isAgreement(entry.key);
      const problem = isObject ? await problemOf(store, entry, place) : undefined;
      if (problem) problems.push(problem);
    }
    report(`${objects} objects checked`);
  }
  return { objects, problems };
}

/** What is wrong with an object, as a sentence: it does not decrypt or parse, or says that it is another one. */
async function problemOf(store: EncryptedStore, entry: Entry, place: string): Promise<string | undefined> {
  try {
    const { value } = await store.opened(entry);
    if (value[0] === 0x6b) return undefined; // upstream's protobuf; the API server reads it, and says so when it cannot
    const { kind, metadata } = JSON.parse(Buffer.from(value).toString()) as {
      kind?: string;
      metadata?: { name?: string; namespace?: string };
    };
    const said = metadata?.namespace ? `${metadata.namespace}/${metadata.name}` : metadata?.name;
    if (said !== place) return `${entry.key} is not what lies there: it says that it is ${said ?? "nothing"}`;
    return kind ? undefined : `${entry.key} does not say of which kind it is`;
  } catch (err) {
    const { message } = err as Error;
    return message.includes(entry.key) ? message : `Cannot read ${entry.key} in the store: ${message}`;
  }
}
