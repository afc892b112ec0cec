/**
 * The audit log on disk, only for its owner to read. When it has grown to its limit it is put aside under the time of day and a new one begun:
 *
 *     audit.log   audit-2026-11-29T10-30-00.000.log   audit-2026-11-28T…
 *
 * Nothing here holds up the event loop: on a disk that hangs its promises wait. One step at a time: what is asked of it must be awaited before
 * the next.
 */

import { close, open, write } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { promisify } from "node:util";
import type { Clock } from "@knarr/std/clock.ts";

export interface LogFileOptions {
  /** `-` is standard output. */
  readonly path: string;
  /** Megabytes a file may have; default 100. */
  readonly maxSize?: number;
  /** How many old files are kept; default all. */
  readonly maxBackups?: number;
  /** Days that old files are kept; default for ever. */
  readonly maxAge?: number;
  readonly clock: Clock;
}

const DEFAULT_MEGABYTES = 100;
const DAY_MS = 86_400_000;
const STANDARD_OUTPUT = 1;
/** Plain descriptors: a FileHandle that hangs could not be let go. */
const [openFile, writeFile, closeFile] = [promisify(open), promisify(write), promisify(close)];

export class LogFile {
  readonly #options: LogFileOptions;
  readonly #limit: number;
  #file: number;
  #size: number;

  private constructor(options: LogFileOptions, { file, size }: { file: number; size: number }) {
    this.#options = options;
    this.#limit = (options.maxSize || DEFAULT_MEGABYTES) * 1024 * 1024;
    this.#file = file;
    this.#size = size;
  }

  /** Throws what the system says when the file cannot be had. */
  static async open(options: LogFileOptions): Promise<LogFile> {
    const { path } = options;
    if (path === "-") return new LogFile(options, { file: STANDARD_OUTPUT, size: 0 });
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await openFile(path, "a", 0o600);
    return new LogFile(options, { file, size: (await stat(path)).size });
  }

  get path(): string {
    return this.#options.path;
  }

  /** How many bytes of the beginning of `bytes` were written: at least one. */
  async append(bytes: Uint8Array): Promise<number> {
    const { bytesWritten } = await writeFile(this.#file, bytes);
    this.#size += bytesWritten;
    return bytesWritten;
  }

  /** Where a full file cannot be put aside, that is thrown, and it may grow. */
  async makeRoomFor(bytes: number): Promise<void> {
    if (this.#size > 0 && this.#size + bytes > this.#limit && this.path !== "-") await this.#rotate();
  }

  async close(): Promise<void> {
    if (this.#file !== STANDARD_OUTPUT) await closeFile(this.#file);
  }

  async #rotate(): Promise<void> {
    const { path, clock } = this.#options;
    const time = new Date(clock.now()).toISOString().slice(0, 23).replaceAll(":", "-");
    await rename(path, `${this.#stem}-${time}${extname(path)}`).catch(unlessGone);
    const next = await openFile(path, "a", 0o600);
    await closeFile(this.#file);
    this.#file = next;
    this.#size = 0;
    await this.#forgetOld();
  }

  get #stem(): string {
    const { path } = this.#options;
    return path.slice(0, path.length - extname(path).length);
  }

  async #forgetOld(): Promise<void> {
    const { path, maxBackups = 0, maxAge = 0, clock } = this.#options;
    const folder = dirname(path);
    const [start, end] = [`${basename(this.#stem)}-`, extname(path)];
    const old = (await readdir(folder))
      .filter((name) => name.startsWith(start) && name.endsWith(end) && name !== basename(path))
      .sort()
      .reverse()
      .map((name) => join(folder, name));
    const oldest = maxAge ? clock.now() - maxAge * DAY_MS : -Infinity;
    for (const [i, file] of old.entries())
      if ((maxBackups > 0 && i >= maxBackups) || (await stat(file)).mtimeMs < oldest)
        await rm(file, { force: true });
  }
}

/** Somebody else may have put it aside. */
function unlessGone(err: NodeJS.ErrnoException): void {
  if (err.code !== "ENOENT") throw err;
}
