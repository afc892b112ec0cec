/**
 * The write-ahead log: when it is copied to its place in the file, and the file that it is, whose end is filled with zeros before it is wanted. Zeros mean nothing there; a commit that overwrites them need not make the
 * file longer, so its sync does not wait for the file system's own journal too: a third of the time, and of the work.
 *
 * At rest it has room for the writes of a quiet minute, and is copied when nobody writes. Under load another thread copies it, so that nobody waits for it (see Checkpointer), and it is
 * lengthened in steps, each before it has reached its end. It keeps its length for the load that may come back: the commit after a step has its zeros to
 * write as well, and takes some milliseconds longer.
 */

import { closeSync, fstatSync, ftruncateSync, openSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { sync } from "../on-disk.ts";
import { Checkpointer } from "./checkpointer.ts";
import { PAGE_SIZE } from "./salvage/page-file.ts";
import { FRAME_HEADER_BYTES } from "./salvage/write-ahead-log.ts";

/** A page with its header in the log. */
const FRAME_BYTES = PAGE_SIZE + FRAME_HEADER_BYTES;
/** At rest: 128 pages. It is also the step in which it is lengthened. */
const REST_BYTES = 128 * FRAME_BYTES;
/** So many pages are most of its room at rest. */
const FULL_PAGES = 96;
/** Under load so many are copied at a time, some 16 MB, while more come; */
const COPIED_PAGES = 3600;
/** when so few are left, they are copied before the next write: half a millisecond. */
const LAST_PAGES = 400;
/** So many were not copied in time, and writes wait until they are. */
const MOST_PAGES = 2 * COPIED_PAGES;
/** What is more was written while nothing could be copied, and is given back when the log begins anew. */
export const MOST_BYTES = 2 * MOST_PAGES * FRAME_BYTES;

export class WriteAhead implements Disposable {
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #checkpointer: Checkpointer;
  readonly #counts: StatementSync;
  /** As long as it was made; what is longer was written. */
  #ready = 0;
  #isHeld = false;
  /** The other thread was asked to copy what was there. */
  #isCopied = false;

  constructor(database: DatabaseSync, path: string) {
    this.#database = database;
    this.#path = `${path}-wal`;
    this.#checkpointer = new Checkpointer(path);
    this.#counts = database.prepare("PRAGMA wal_checkpoint(NOOP)");
  }

  get bytes(): number {
    return statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Most of its room at rest is taken. */
  get isFull(): boolean {
    const { pages, left } = this.#pages;
    return left > 0 && pages >= FULL_PAGES;
  }

  /** Longer than at rest. */
  get isLong(): boolean {
    return this.bytes > REST_BYTES;
  }

  /** Made as long as it is at rest, unless it is longer. The folder is synced as well, so that a log just made is found again. */
  ready(): void {
    this.#lengthen(REST_BYTES);
    sync(dirname(this.#path));
  }

  /** After a commit: one that has reached the end is followed by others. */
  keepAhead(): void {
    const { bytes } = this;
    if (bytes > this.#ready) this.#lengthen(bytes + REST_BYTES);
    else this.#ready = bytes; // SQLite has cut what was too long
    if (!this.#isHeld && !this.#checkpointer.isBusy) this.#keepShort();
  }

  #keepShort(): void {
    const { pages, left } = this.#pages;
    const most = this.#checkpointer.isBroken ? COPIED_PAGES : MOST_PAGES;
    if (left >= most || (this.#isCopied && left <= LAST_PAGES)) this.#copyAll();
    else if (pages >= COPIED_PAGES) this.#isCopied = this.#checkpointer.begin();
  }

  /** Copied to its place, so that the next write begins it anew. It has its length at rest again where all had been given back. */
  checkpoint(): void {
    if (this.#isHeld) return;
    this.#copyAll();
    this.ready();
  }

  /** After a load that does not come back: its file has the length at rest again, and the other thread is gone. */
  rest(): void {
    if (this.#isHeld || !this.isLong) return;
    this.empty();
    this.ready();
    void this.#checkpointer.rest();
  }

  /** Copied to its place, and all of its file's space given back. */
  empty(): void {
    if (!this.#isHeld) this.#copyAll("TRUNCATE");
  }

  /** From now on the database's file is as it is, and what is written stays in the log, until it is let go. */
  hold(): void {
    this.empty();
    this.#isHeld = true;
  }

  letGo(): void {
    this.#isHeld = false;
  }

  /** The other thread ends. The database may be closed then, which copies all that is left. */
  async end(): Promise<void> {
    await this.#checkpointer.rest();
    this.#checkpointer.settle();
  }

  /** After the database was closed. */
  [Symbol.dispose](): void {
    this.#checkpointer[Symbol.dispose]();
  }

  get #pages(): { readonly pages: number; readonly left: number } {
    const { log, checkpointed } = this.#counts.get() as any;
    return { pages: log, left: log - checkpointed };
  }

  #copyAll(how: "PASSIVE" | "TRUNCATE" = "PASSIVE"): void {
    this.#checkpointer.settle();
    this.#database.exec(`PRAGMA wal_checkpoint(${how})`);
    this.#isCopied = false;
  }

  #lengthen(to: number): void {
    const log = openSync(this.#path, "r+");
    try {
      const { size } = fstatSync(log);
      this.#ready = Math.max(size, to);
      if (size >= to) return;
      try {
        const zeros = new Uint8Array(to - size);
        if (writeSync(log, zeros, 0, null, size) < zeros.length) throw new Error("no space left");
      } catch (err) {
        ftruncateSync(log, size); // the little room that is left is for what is written
        throw err;
      }
    } finally {
      closeSync(log);
    }
  }
}
