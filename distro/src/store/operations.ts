/**
 * What an administrator does to the store, by name. A running server does it on request (`control-socket.ts`), otherwise the command does it
 * itself (`operate.ts`): whoever has the store open.
 */

import type { EncryptedStore } from "@knarr/store/encryption/encrypted-store.ts";
import { encryptionStatus, rotate, rotateKeyFile } from "@knarr/store/encryption/rotation.ts";
import { storeBackup } from "./backup.ts";
import { storeCheck } from "./check.ts";
import { storeDiscard } from "./discard.ts";
import { storeCompact, storeStatus } from "./status.ts";
import { upstreamEncryption } from "./upstream-encryption.ts";

/** Words in and results out are JSON. `report` says how far it is, in a few words. */
export type Operation = (
  store: EncryptedStore,
  words: readonly string[],
  report: (progress: string) => void,
) => Promise<unknown>;

export const operations = {
  encryptionStatus: (store) => encryptionStatus(store),
  rotate: (store, _words, report) => rotate(store, (written) => report(`${written} objects written`)),
  rotateKeyFile: (store) => rotateKeyFile(store),
  upstreamEncryption: (store) => upstreamEncryption(store),
  storeStatus,
  storeCompact,
  storeCheck,
  storeBackup,
  storeDiscard,
} as const satisfies Readonly<Record<string, Operation>>;

export type Operations = typeof operations;
export type OperationName = keyof Operations;
export type ResultOf<N extends OperationName> = Awaited<ReturnType<Operations[N]>>;
