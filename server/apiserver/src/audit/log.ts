/**
 * The audit log: one JSON event a line, in the order in which they were made. Requests never wait for it.
 *
 * Events of one turn of the loop are written together. While the disk is full, fails or hangs, events wait, up to a bound; then what comes is lost,
 * counted and told. What waits is written as soon as the disk takes it, so a short trouble loses nothing. (Upstream's mode `batch`;
 * its `blocking` would let a disk stop the server.)
 *
 *     turn 1   e1 e2 e3 |written together|
 *     turn 2   e4 … e90 |the disk hangs|  e91 … wait … 32 MB | lost and counted … | the disk goes on: e91 …
 */

import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import type { LogFile } from "./log-file.ts";

export interface AuditLogParts {
  readonly file: LogFile;
  readonly clock: Clock;
  readonly log: Logger;
  /** Characters of events that may wait; default 32 MB. */
  readonly mayWait?: number;
}

const MAY_WAIT = 32 << 20;
/** So many characters are made into bytes at once. */
const PIECE = 1 << 20;
const AGAIN_MS = 1000;
/** A write that takes longer is told of. */
const HANGS_MS = 10_000;
/** How long the end of the server waits for its log. */
const LAST_MS = 5000;

export class AuditLog implements AsyncDisposable {
  readonly #parts: AuditLogParts;
  readonly #mayWait: number;
  readonly #end = new AbortController();
  /** Lines, and how many characters they are: those being written too. */
  #waiting: string[] = [];
  #size = 0;
  #writing: Promise<void> | undefined;
  /** When the disk last took something, or was first asked. */
  #lastProgress = 0;
  /** What was told of the trouble there is. */
  readonly #told = new Set<string>();
  /** Lost since the log was last written without trouble. */
  #missing = 0;
  /** Events that it was given. */
  events = 0;
  /** Those of them that could not be kept. */
  lost = 0;

  constructor(parts: AuditLogParts) {
    this.#parts = parts;
    this.#mayWait = parts.mayWait ?? MAY_WAIT;
  }

  write(event: object): void {
    this.events++;
    const line = `${JSON.stringify(event)}\n`;
    const { clock } = this.#parts;
    if (this.#writing && clock.now() - this.#lastProgress > HANGS_MS) this.#trouble("Audit log hangs");
    if (this.#size + line.length > this.#mayWait || this.#end.signal.aborted) return this.#lose();
    this.#waiting.push(line);
    this.#size += line.length;
    if (this.#writing) return;
    this.#lastProgress = clock.now();
    this.#writing = this.#writeAll();
  }

  /** Resolves when nothing waits. */
  async written(): Promise<void> {
    await this.#writing;
  }

  /** Writes what waits, unless the disk hangs. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { file, clock, log } = this.#parts;
    const hasWritten = new AbortController();
    const closing = this.written().then(() => file.close());
    const tooLong = clock.sleep(LAST_MS, hasWritten.signal).catch(() => undefined);
    await Promise.race([closing, tooLong]);
    hasWritten.abort();
    this.#end.abort();
    if (this.#waiting.length === 0) return;
    this.lost += this.#waiting.length;
    log.error("Audit events were lost at the end", { path: file.path, lost: this.#waiting.length });
  }

  /** Never throws. */
  async #writeAll(): Promise<void> {
    await new Promise(setImmediate);
    while (this.#waiting.length > 0 && !this.#end.signal.aborted) {
      const count = this.#piece();
      const text = Buffer.from(this.#waiting.slice(0, count).join(""));
      const isWell = await this.#makeRoomFor(text);
      await this.#append(text);
      if (isWell) this.#recovered();
      for (const line of this.#waiting.splice(0, count)) this.#size -= line.length;
    }
    this.#writing = undefined;
  }

  /** How many lines are written next. */
  #piece(): number {
    let size = 0;
    const end = this.#waiting.findIndex((line) => (size += line.length) > PIECE);
    return end < 0 ? this.#waiting.length : Math.max(end, 1);
  }

  /** Whether the file is no larger than it may be: rather than lose an event, it grows. */
  async #makeRoomFor({ length }: Uint8Array): Promise<boolean> {
    try {
      await this.#parts.file.makeRoomFor(length);
      return true;
    } catch (err) {
      this.#trouble("Audit log could not be put aside", err);
      return false;
    }
  }

  /** Tries until all of it is there, from where it stopped: a line is never written twice or in halves. */
  async #append(text: Uint8Array): Promise<void> {
    const { file, clock } = this.#parts;
    const { signal } = this.#end;
    for (let done = 0; done < text.length && !signal.aborted;) {
      try {
        done += await file.append(text.subarray(done));
        this.#lastProgress = clock.now();
      } catch (err) {
        this.#trouble("Audit log could not be written", err);
        await clock.sleep(AGAIN_MS, signal).catch(() => undefined); // rejects only at the end, which the loop sees
      }
    }
  }

  #lose(): void {
    this.lost++;
    this.#missing++;
    this.#trouble("Audit log takes nothing, and events are lost");
  }

  /** Each sort is told once, until the log is written again. */
  #trouble(message: string, err?: unknown): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    const { log, file } = this.#parts;
    log.error(message, { path: file.path, waiting: this.#waiting.length, ...(err !== undefined && { err }) });
  }

  #recovered(): void {
    if (this.#told.size === 0 || this.#end.signal.aborted) return;
    this.#told.clear();
    const { log, file } = this.#parts;
    log.info("Audit log is written again", { path: file.path, lost: this.#missing });
    this.#missing = 0;
  }
}
