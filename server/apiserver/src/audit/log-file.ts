/**
 * The audit log on disk: one JSON event a line, only for its owner to read. Events of one turn of the loop are written together, before
 * anything else is done. When the file has grown to its limit it is put aside under the time of day and a new one begun:
 *
 *     audit.log   audit-2026-11-29T10-30-00.000.log   audit-2026-11-28T…
 */

import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import type { Clock } from "@knarr/std/clock.ts";

/** Where audit events go. */
export interface AuditSink extends Disposable {
  write(event: object): void;
}

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
  /** Told once for each run of failures: a full disk must not stop the API. */
  onError(err: Error): void;
}

const DEFAULT_MEGABYTES = 100;
const DAY_MS = 86_400_000;

/** Throws what the system says when the file cannot be had. */
export function auditLogFile(options: LogFileOptions): AuditSink {
  return options.path === "-" ? new StandardOutput() : new LogFile(options);
}

class StandardOutput implements AuditSink {
  write(event: object): void {
    process.stdout.write(`${JSON.stringify(event)}\n`);
  }

  [Symbol.dispose](): void {}
}

class LogFile implements AuditSink {
  readonly #options: LogFileOptions;
  readonly #limit: number;
  #file: number;
  #size: number;
  #waiting: string[] = [];
  #hasFailed = false;

  constructor(options: LogFileOptions) {
    this.#options = options;
    this.#limit = (options.maxSize || DEFAULT_MEGABYTES) * 1024 * 1024;
    mkdirSync(dirname(options.path), { recursive: true, mode: 0o700 });
    this.#file = openSync(options.path, "a", 0o600);
    this.#size = fstatSync(this.#file).size;
  }

  write(event: object): void {
    this.#waiting.push(`${JSON.stringify(event)}\n`);
    if (this.#waiting.length === 1) setImmediate(() => this.#flush());
  }

  [Symbol.dispose](): void {
    this.#flush();
    closeSync(this.#file);
  }

  #flush(): void {
    if (this.#waiting.length === 0) return;
    const text = Buffer.from(this.#waiting.join(""));
    this.#waiting = [];
    // Where a full file cannot be put aside, it grows: no event is lost for it.
    const failures = [attempt(() => this.#makeRoomFor(text)), attempt(() => this.#append(text))];
    const failure = failures.find((err) => err !== undefined);
    if (failure && !this.#hasFailed) this.#options.onError(failure);
    this.#hasFailed = failure !== undefined;
  }

  #append(text: Buffer): void {
    for (let done = 0; done < text.length;) done += writeSync(this.#file, text, done);
    this.#size += text.length;
  }

  #makeRoomFor(text: Buffer): void {
    if (this.#size > 0 && this.#size + text.length > this.#limit) this.#rotate();
  }

  #rotate(): void {
    const { path, clock } = this.#options;
    const time = new Date(clock.now()).toISOString().slice(0, 23).replaceAll(":", "-");
    if (existsSync(path)) renameSync(path, `${this.#stem}-${time}${extname(path)}`);
    const next = openSync(path, "a", 0o600);
    closeSync(this.#file);
    this.#file = next;
    this.#size = 0;
    this.#forgetOld();
  }

  get #stem(): string {
    const { path } = this.#options;
    return path.slice(0, path.length - extname(path).length);
  }

  #forgetOld(): void {
    const { path, maxBackups = 0, maxAge = 0, clock } = this.#options;
    const folder = dirname(path);
    const [start, end] = [`${basename(this.#stem)}-`, extname(path)];
    const old = readdirSync(folder)
      .filter((name) => name.startsWith(start) && name.endsWith(end) && name !== basename(path))
      .sort()
      .reverse()
      .map((name) => join(folder, name));
    const oldest = maxAge ? clock.now() - maxAge * DAY_MS : -Infinity;
    for (const [i, file] of old.entries())
      if ((maxBackups > 0 && i >= maxBackups) || statSync(file).mtimeMs < oldest)
        rmSync(file, { force: true });
  }
}

function attempt(step: () => void): Error | undefined {
  try {
    step();
    return undefined;
  } catch (err) {
    return err as Error;
  }
}
