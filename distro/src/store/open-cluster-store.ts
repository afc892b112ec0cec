/** The cluster's store as this machine's options say: where it is, what of it is encrypted, with which key file, and who had it before. */

import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { movedPrefixes } from "@knarr/apiserver/cache/store-keys.ts";
import { realClock, type Clock } from "@knarr/std/clock.ts";
import { silent, type Logger } from "@knarr/std/log.ts";
import { openStore } from "@knarr/store/drivers/drivers.ts";
import { foreignKeysOf } from "@knarr/store/encryption/configuration.ts";
import { EncryptedStore } from "@knarr/store/encryption/encrypted-store.ts";
import type { ForeignKey } from "@knarr/store/encryption/foreign-keys.ts";
import { KeyFile } from "@knarr/store/encryption/key-file.ts";
import { datastoreAddress, datastoreTls } from "../datastore.ts";
import type { Config } from "../options.ts";
import { paths } from "../paths.ts";
import { assertWhole } from "./copy.ts";
import { prefixOfResource, storedPrefixOf } from "./encrypted-kinds.ts";

/** Rejects with a sentence for the administrator: another process has it, the key file is another one, …. */
export async function openClusterStore(
  config: Config,
  { clock = realClock, log = silent }: { readonly clock?: Clock; readonly log?: Logger } = {},
): Promise<EncryptedStore> {
  const { database, keyFile } = paths(config);
  const prefixes = config["encrypt-resources"].map(prefixOfResource);
  const foreignKeys = await foreignKeysIn(config["encryption-provider-config"]);
  mkdirSync(dirname(database), { recursive: true, mode: 0o700 });
  const address = datastoreAddress(config);
  const store = await openStore(address, {
    clock,
    movedPrefixes: movedPrefixes(),
    onTrouble: (trouble) =>
      trouble ? log.error("Store could not be written", { trouble }) : log.info("Store was written again"),
    ...datastoreTls(config),
  });
  try {
    await assertWhole(store, address);
  } catch (err) {
    await store[Symbol.asyncDispose]();
    throw err;
  }
  return EncryptedStore.open({ store, keyFile: new KeyFile(keyFile), prefixes, foreignKeys });
}

async function foreignKeysIn(path: string): Promise<ForeignKey[]> {
  if (!path) return [];
  const { readEncryptionFile } = await import("./encryption-file.ts"); // few clusters have one
  return foreignKeysOf(readEncryptionFile(path), storedPrefixOf);
}
