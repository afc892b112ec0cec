/**
 * The key file: 32 random bytes in base64, for its owner alone. It encrypts the data keys that the store has, and nothing else; without it
 * nobody reads what they encrypt.
 *
 *     secrets.key          encrypts
 *     secrets.key.next     takes its place as soon as the store's keys are encrypted with it
 *     secrets.key.<id>     had its place once: backups of that time want it
 *
 * None is ever written again once it has its name. Which one a store wants, the store says, so the files may be behind or ahead of it.
 */

import { createHash, randomBytes } from "node:crypto";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname } from "node:path";
import { putInPlace, sync } from "../on-disk.ts";

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

  get nextPath(): string {
    return `${this.path}.next`;
  }

  /** Undefined when there is no such file. Throws an Error that says what is wrong with it. */
  read(): MasterKey | undefined {
    return readKey(this.path);
  }

  /** The key that is to take its place, if a rotation has made one. */
  next(): MasterKey | undefined {
    return readKey(this.nextPath);
  }

  /** The key called `id`, whether it has the place, is to have it or had it; undefined when it is none of these. */
  find(id: string): MasterKey | undefined {
    const path = this.pathOf(id);
    return path === undefined ? undefined : readKey(path);
  }

  /** Where that key is. */
  pathOf(id: string): string | undefined {
    return [this.path, this.nextPath, this.#former(id)].find((path) => readKey(path)?.id === id);
  }

  /** Ids of the keys that had the place. */
  formerIds(): string[] {
    const start = `${basename(this.path)}.`;
    if (!existsSync(dirname(this.path))) return [];
    return readdirSync(dirname(this.path))
      .filter((name) => name.startsWith(start) && /^[0-9a-f]{12}$/.test(name.slice(start.length)))
      .map((name) => name.slice(start.length));
  }

  /** It is on the disk when this returns: nothing may be encrypted with a key that a power cut takes away. */
  create(): MasterKey {
    return makeKey(this.path);
  }

  createNext(): MasterKey {
    return makeKey(this.nextPath);
  }

  /** Gives the next key the place when it is called `id`, and keeps the one that has it; nothing when there is no such next one. */
  promote(id: string): void {
    if (this.next()?.id !== id) return;
    const current = this.read();
    if (current && !existsSync(this.#former(current.id))) linkSync(this.path, this.#former(current.id));
    renameSync(this.nextPath, this.path);
    sync(dirname(this.path));
  }

  #former(id: string): string {
    return `${this.path}.${id}`;
  }
}

function readKey(path: string): MasterKey | undefined {
  let text: string;
  let mode: number;
  try {
    mode = statSync(path).mode;
    text = readFileSync(path, "utf8").trim();
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Error(`Cannot read the key file ${path}: ${(err as Error).message}`, { cause: err });
  }
  if (mode & 0o077)
    throw new Error(
      `Cannot use the key file ${path}: others than its owner may use it (mode ${(mode & 0o777).toString(8)}). ` +
        `\`chmod 600 ${path}\`; where others had access, give it another key then: \`knarr secrets-encrypt rotate-key-file\``,
    );
  const secret = Buffer.from(text, "base64");
  if (secret.length !== LENGTH || secret.toString("base64") !== text)
    throw new Error(
      `Cannot use the key file ${path}: wants ${LENGTH} bytes in base64. Put the file back as it was, from a copy`,
    );
  const id = createHash("sha256").update("knarr key file\0").update(secret).digest("hex").slice(0, 12);
  return { id, secret };
}

function makeKey(path: string): MasterKey {
  const half = `${path}.new`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(half, `${randomBytes(LENGTH).toString("base64")}\n`, { mode: 0o600 });
    putInPlace(half, path);
  } catch (err) {
    rmSync(half, { force: true });
    throw new Error(`Cannot write the key file ${path}: ${(err as Error).message}`, { cause: err });
  }
  return readKey(path)!;
}
