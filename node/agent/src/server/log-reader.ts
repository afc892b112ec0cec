/**
 * The log of one container instance, as `kubectl logs` wants it: from a file of records to bytes.
 *
 * Following is told, not asked: fs.watch on the directory says when there is more. Whether the container still runs is looked up in
 * memory when the file is silent for a second, since nothing in the file system tells that. When the file was rotated (another file has
 * its name) what is left of the old one is read to its end, then the new one from its start.
 */

import { watch } from "node:fs";
import { open, stat, type FileHandle } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { Clock } from "@knarr/std/clock.ts";
import { fixedWidth, parseLogRecord } from "./log-record.ts";
import { findTail } from "./log-tail.ts";

export interface LogOptions {
  readonly follow: boolean;
  readonly timestamps: boolean;
  readonly tailLines?: number;
  readonly limitBytes?: number;
  /** Milliseconds since the epoch. */
  readonly since?: number;
  readonly stream?: "stdout" | "stderr";
}

export interface LogSource {
  readonly path: string;
  /** May more still come? */
  isRunning(): boolean;
  readonly clock: Clock;
}

const CHUNK = 64 << 10;
const NEWLINE = Buffer.from("\n");
const SILENCE_MS = 1000;

/** Pieces of the log, as large as there is to read. Ends when the container does, or at the end of the file if nobody follows. */
export async function* readLog(
  source: LogSource,
  options: LogOptions,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const records = new RecordFormatter(options);
  const file = new LogFile(source);
  try {
    await file.open();
    const { size } = await file.stat();
    const { tailLines: count, stream } = options;
    if (count !== undefined)
      file.position = await findTail(file.handle, { end: size, count, ...(stream && { stream }) });
    if (!options.follow) {
      yield* upTo(file, size, records);
      const rest = records.end();
      if (rest.length) yield rest;
      return;
    }
    yield* follow(file, source, records, signal);
  } finally {
    await file.close();
  }
}

async function* upTo(file: LogFile, end: number, records: RecordFormatter): AsyncGenerator<Buffer> {
  while (!records.isFull) {
    const chunk = await file.read(end - file.position);
    if (chunk.length === 0) return;
    const text = records.take(chunk);
    if (text.length) yield text;
  }
}

async function* follow(
  file: LogFile,
  source: LogSource,
  records: RecordFormatter,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  using changes = new Changes(source.path);
  while (!signal.aborted) {
    const wasRunning = source.isRunning();
    changes.clear();
    const isRotated = await file.isRotated();
    yield* upTo(file, Infinity, records);
    if (records.isFull) return;
    if (isRotated) {
      const rest = records.end();
      if (rest.length) yield rest;
      await file.open();
    } else if (!wasRunning) {
      const rest = records.end();
      if (rest.length) yield rest;
      return;
    } else {
      await changes.next(source.clock, signal);
    }
  }
}

class LogFile {
  readonly #path: string;
  #handle: FileHandle | undefined;
  position = 0;

  constructor({ path }: LogSource) {
    this.#path = path;
  }

  get handle(): FileHandle {
    return this.#handle!;
  }

  /** The file that has the name now, from its start. */
  async open(): Promise<void> {
    const handle = await open(this.#path, "r");
    await this.close();
    this.#handle = handle;
    this.position = 0;
  }

  async stat(): Promise<{ size: number }> {
    return await this.handle.stat();
  }

  /** What is there, up to `limit`; nothing at the end. */
  async read(limit: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(CHUNK, limit)));
    const { bytesRead } = await this.handle.read(buffer, 0, buffer.length, this.position);
    this.position += bytesRead;
    return buffer.subarray(0, bytesRead);
  }

  /** Has another file the name? Between a rename and the new file nobody has. */
  async isRotated(): Promise<boolean> {
    try {
      const [named, opened] = await Promise.all([stat(this.#path), this.handle.stat()]);
      return named.ino !== opened.ino || named.dev !== opened.dev;
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code === "ENOENT") return false;
      throw err;
    }
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
  }
}

/** Something happened to the file, or to its name. */
class Changes implements Disposable {
  readonly #watcher;
  #happened = Promise.withResolvers<void>();

  constructor(path: string) {
    const name = basename(path);
    this.#watcher = watch(dirname(path), (_, changed) => {
      if (changed === null || changed === name) this.#happened.resolve();
    });
    this.#watcher.on("error", () => this.#happened.resolve()); // the directory is gone: reading will tell
  }

  /** From here on. */
  clear(): void {
    this.#happened = Promise.withResolvers<void>();
  }

  /** Waits for something to happen, for a while, or for `signal`. */
  async next(clock: Clock, signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const silence = clock.sleep(SILENCE_MS, AbortSignal.any([signal, ended.signal])).catch(() => {}); // aborted is awake too
    await Promise.race([this.#happened.promise, silence]);
    ended.abort();
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
  }
}

/** From bytes of the file to bytes for the reader; keeps what is not a whole record yet. */
class RecordFormatter {
  readonly #options: LogOptions;
  #rest: Buffer = Buffer.alloc(0);
  #room: number;
  /** A timestamp goes before a line, not before each of the records it was cut into. */
  readonly #isMidLine = { stdout: false, stderr: false };

  constructor(options: LogOptions) {
    this.#options = options;
    this.#room = options.limitBytes ?? Infinity;
  }

  /** As many bytes were given as were wanted. */
  get isFull(): boolean {
    return this.#room <= 0;
  }

  take(chunk: Buffer): Buffer {
    const data = this.#rest.length ? Buffer.concat([this.#rest, chunk]) : chunk;
    const parts: Buffer[] = [];
    let at = 0;
    for (let newline = data.indexOf(10); newline >= 0; newline = data.indexOf(10, at)) {
      this.#format(data.subarray(at, newline), parts);
      at = newline + 1;
    }
    this.#rest = Buffer.from(data.subarray(at));
    return Buffer.concat(parts);
  }

  /** What the file ends with, though it is not a whole record. */
  end(): Buffer {
    const parts: Buffer[] = [];
    if (this.#rest.length) this.#format(this.#rest, parts);
    this.#rest = Buffer.alloc(0);
    return Buffer.concat(parts);
  }

  #format(line: Buffer, parts: Buffer[]): void {
    const { timestamps, since, stream: wanted } = this.#options;
    const record = parseLogRecord(line);
    if (!record) return;
    const { time, stream, isPartial, content } = record;
    if (wanted !== undefined && stream !== wanted) return;
    if (since !== undefined && Date.parse(time) < since) return;
    if (timestamps && !this.#isMidLine[stream]) this.#put(Buffer.from(`${fixedWidth(time)} `), parts);
    this.#put(content, parts);
    if (!isPartial) this.#put(NEWLINE, parts);
    this.#isMidLine[stream] = isPartial;
  }

  #put(bytes: Buffer, parts: Buffer[]): void {
    if (this.#room <= 0) return;
    parts.push(bytes.length > this.#room ? bytes.subarray(0, this.#room) : bytes);
    this.#room -= bytes.length;
  }
}
