/** A backup of the store as one file, made while it is in use; and a file that takes the store's place. */

import { existsSync, statSync } from "node:fs";
import { movedPrefixes } from "@knarr/apiserver/cache/store-keys.ts";
import { SqliteStore } from "@knarr/store/drivers/sqlite.ts";
import type { EncryptedStore } from "@knarr/store/encryption/encrypted-store.ts";
import { KeyFile } from "@knarr/store/encryption/key-file.ts";
import { restore, type Replaced } from "@knarr/store/sqlite/copies.ts";
import type { Config } from "../options.ts";
import { paths } from "../paths.ts";
import { assertStopped, fileOf, stampOf } from "./stopped.ts";
import { assertNewFile } from "./new-file.ts";

export interface Backup {
  readonly revision: number;
  /** Of the key file that its encrypted values want. */
  readonly keyFile: { readonly path: string; readonly id: string | undefined };
}

export async function storeBackup(store: EncryptedStore, [path = ""]: readonly string[]): Promise<Backup> {
  if (!store.raw.backup)
    throw new Error(
      "Cannot back up a store that is no file of Knarr's: use its own tools (`etcdctl snapshot save`)",
    );
  assertNewFile(path);
  const { revision } = store;
  await store.raw.backup(path);
  const { keyFile, keyFileId: id } = store;
  return { revision, keyFile: { path: (id && keyFile.pathOf(id)) ?? keyFile.path, id } };
}

/** Refused, with nothing changed, while the store is in use, and without the key file that the backup wants. */
export async function restoreBackup(config: Config, from: string, now: Date): Promise<Replaced> {
  const to = fileOf(config, "restore", "use its own tools (`etcdctl snapshot restore`)");
  assertStopped(config, "restore");
  if (!statSync(from, { throwIfNoEntry: false })?.isFile())
    throw new Error(`Cannot restore ${from}: there is no such file`);
  const keyFile = new KeyFile(paths(config).keyFile);
  const checkKeyFile = (wanted: string): void => {
    if (keyFile.find(wanted)) return;
    const there = keyFile.read();
    throw new Error(
      `it wants the key file ${keyFile.path} with the id ${wanted}, and ${there ? `the one there has the id ${there.id}` : "there is none"}. ` +
        "Put that of the backup's machine there first",
    );
  };
  const revision = await lastRevision(to, now);
  return restore({ from, to, revision, stamp: stampOf("restore", now), checkKeyFile });
}

/**
 * Of the store that is there. When nobody can tell any more, which may be why it is restored, it is one that no store has reached by now: a thousand
 * writes a second since 1970. Throws when somebody has it open.
 */
async function lastRevision(path: string, now: Date): Promise<number> {
  if (!existsSync(path)) return 0;
  try {
    await using store = await SqliteStore.open({ path, movedPrefixes: movedPrefixes() });
    return store.revision;
  } catch (err) {
    if ((err as Error).message.includes("another process has it open")) throw err;
    return now.getTime();
  }
}
