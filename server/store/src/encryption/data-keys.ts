/**
 * The keys that values are encrypted with. They lie in the store itself, encrypted with the key file's, so a backup of the store has all it
 * needs but that one file.
 *
 * The newest one encrypts; older ones are there as long as anything is left that they have encrypted. A set never changes: a change is a new set.
 */

import { randomBytes } from "node:crypto";
import type { MasterKey } from "./key-file.ts";
import { openAesGcm, sealAesGcm, type SealingKey } from "./sealed-value.ts";

/** Below /registry/, so that who follows the store sees every revision; no API group has this name. */
export const DATA_KEYS = "/registry/knarr.internal/datakeys/all";

export interface DataKey extends SealingKey {
  readonly made: string;
}

interface Stored {
  readonly kind: "DataKeys";
  readonly keyFile: string;
  readonly keys: readonly { readonly name: string; readonly made: string; readonly encrypted: string }[];
}

export class DataKeys {
  /** Oldest first. */
  readonly keys: readonly DataKey[];

  constructor(keys: readonly DataKey[]) {
    this.keys = keys;
  }

  /** Which key file a stored set wants. */
  static wants(stored: Uint8Array): string {
    return (JSON.parse(Buffer.from(stored).toString()) as Stored).keyFile;
  }

  static read(stored: Uint8Array, { secret }: MasterKey): DataKeys {
    const { keys } = JSON.parse(Buffer.from(stored).toString()) as Stored;
    return new DataKeys(
      keys.map(({ name, made, encrypted }) => ({
        name,
        made,
        secret: openAesGcm(Buffer.from(encrypted, "base64"), secret, placeOf(name)),
      })),
    );
  }

  stored({ id, secret }: MasterKey): Buffer {
    const keys = this.keys.map((key) => ({
      name: key.name,
      made: key.made,
      encrypted: sealAesGcm(key.secret, secret, placeOf(key.name)).toString("base64"),
    }));
    return Buffer.from(JSON.stringify({ kind: "DataKeys", keyFile: id, keys } satisfies Stored));
  }

  get newest(): DataKey | undefined {
    return this.keys.at(-1);
  }

  named(name: string): DataKey | undefined {
    return this.keys.find((key) => key.name === name);
  }

  withAnother(now: Date): DataKeys {
    const name = `knarr-${randomBytes(6).toString("hex")}`;
    return new DataKeys([...this.keys, { name, made: now.toISOString(), secret: randomBytes(32) }]);
  }

  newestOnly(): DataKeys {
    return new DataKeys(this.keys.slice(-1));
  }
}

function placeOf(name: string): string {
  return `${DATA_KEYS}/${name}`;
}
