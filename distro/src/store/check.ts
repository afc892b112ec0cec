/** Whether all that the store has can be used: the file's own structures, and every object in it. */

import { parseItem } from "@knarr/apiserver/cache/item.ts";
import { isAgreement } from "@knarr/apiserver/cache/store-keys.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import type { EncryptedStore } from "@knarr/store/encryption/encrypted-store.ts";
import { DATA_KEYS } from "@knarr/store/encryption/data-keys.ts";
import { StoreUnavailable } from "@knarr/store/store.ts";
import { walk, type Found } from "./walk.ts";

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
  try {
    for await (const page of walk(store.raw)) {
      for (const found of page) {
        if (problems.length >= MAX_PROBLEMS) return { objects, problems };
        objects++;
        const problem = await problemOf(store, found);
        if (problem) problems.push(problem);
      }
      report(`${objects} objects checked`);
    }
  } catch (err) {
    // Where the file is damaged, nobody gets past the damage.
    if (!(err instanceof StoreUnavailable)) throw err;
    problems.push(err.message);
  }
  return { objects, problems };
}

/** What is wrong with an object, if it is one, as a sentence: it does not decrypt or decode, or says that it is another one. */
export async function problemOf(
  store: EncryptedStore,
  { entry, place, resource }: Found,
): Promise<string | undefined> {
  if (entry.key === DATA_KEYS || isAgreement(entry.key)) return undefined;
  try {
    const { value } = await store.opened(entry);
    const { kind, metadata } = decoded(value, resource);
    const said = metadata?.namespace ? `${metadata.namespace}/${metadata.name}` : metadata?.name;
    if (said !== place) return `${entry.key} is not what lies there: it says that it is ${said ?? "nothing"}`;
    return kind ? undefined : `${entry.key} does not say of which kind it is`;
  } catch (err) {
    const message = printable((err as Error).message);
    return message.includes(entry.key) ? message : `Cannot read ${entry.key} in the store: ${message}`;
  }
}

/** What decoders quote of damaged bytes must not move a terminal's cursor. */
function printable(message: string): string {
  return message.replace(/\p{Cc}+/gu, " ");
}

/** As the API server reads it; of kinds that are not built in only what all objects have. */
function decoded(value: Uint8Array, resource: Resource<any> | undefined): ApiObject {
  if (resource) return parseItem(resource, "", value, 1).object;
  return JSON.parse(Buffer.from(value).toString()) as ApiObject;
}
