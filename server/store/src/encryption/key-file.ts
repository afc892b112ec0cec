/**
 * The key file: 32 random bytes in base64, for its owner alone. It encrypts the data keys that the store has, and nothing else; without it
 * nobody reads what they encrypt. Made once, and then never written again.
 */

import { createHash, randomBytes } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";

const LENGTH = 32;

export interface MasterKey {
  /** Tells files apart without giving anything away. */
  readonly id: string;
  readonly secret: Buffer;
}

export class KeyFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Undefined when there is no such file. Throws an Error that says what is wrong with it. */
  read(): MasterKey | undefined {
    let text: string;
    try {
      text = readFileSync(this.path, "utf8").trim();
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw new Error(`Cannot read the key file ${this.path}: ${(err as Error).message}`, { cause: err });
    }
    const secret = Buffer.from(text, "base64");
    if (secret.length !== LENGTH || secret.toString("base64") !== text)
      throw new Error(
        `Cannot use the key file ${this.path}: wants ${LENGTH} bytes in base64. Put the file back as it was, from a copy`,
      );
    return masterKey(secret);
  }

  /** It is on the disk when this returns: nothing may be encrypted with a key that a power cut takes away. */
  create(): MasterKey {
    const secret = randomBytes(LENGTH);
    const half = `${this.path}.new`;
    mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
    const file = openSync(half, "w", 0o600);
    try {
      writeSync(file, `${secret.toString("base64")}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(half, this.path);
    const folder = openSync(dirname(this.path), "r");
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
    return masterKey(secret);
  }
}

function masterKey(secret: Buffer): MasterKey {
  const id = createHash("sha256").update("knarr key file\0").update(secret).digest("hex").slice(0, 12);
  return { id, secret };
}
