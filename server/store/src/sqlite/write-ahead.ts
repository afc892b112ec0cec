/**
 * The write-ahead log: when it is copied to its place in the file, and the file that it is, whose end is filled with zeros before it is wanted. Zeros mean nothing there; a commit that overwrites them need not make the
 * file longer, so its sync does not wait for the file system's own journal too: a third of the time, and of the work.
 *
 * At rest it has room for the writes of a quiet minute. Under load it is lengthened in steps, each before the log has reached its end. It keeps its length for
 * the load that may come back: the commit after a step has its zeros to write as well, and takes some milliseconds longer.
 */

import { closeSync, fstatSync, ftruncateSync, openSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { sync } from "../on-disk.ts";

/** Pages of 4 KiB that wait in it at most, under load: 16 MiB. */
export const MOST_PAGES = 4000;
/** At rest: 128 pages. It is also the step in which it is lengthened. */
const REST_BYTES = 128 * 4096;

/** So many pages are most of its room at rest. */
const FULL_PAGES = 96;

export class WriteAhead {
  readonly #database: DatabaseSync;
  readonly #path: string;
  /** As long as it was made; what is longer was written. */
  #ready = 0;
  #isHeld = false;

  constructor(database: DatabaseSync, path: string) {
    this.#database = database;
    this.#path = `${path}-wal`;
  }

  get bytes(): number {
    return statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Most of its room at rest is taken. */
  get isFull(): boolean {
    const { log, checkpointed } = this.#database.prepare("PRAGMA wal_checkpoint(NOOP)").get() as any;
    return log > checkpointed && log >= FULL_PAGES;
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
  }

  /** Copied to its place, so that the next write begins it anew. It has its length at rest again where all had been given back. */
  checkpoint(): void {
    if (this.#isHeld) return;
    this.#database.exec("PRAGMA wal_checkpoint(PASSIVE)");
    this.ready();
  }

  /** After a load that does not come back: its file has the length at rest again. */
  rest(): void {
    if (this.#isHeld || !this.isLong) return;
    this.empty();
    this.ready();
  }

  /** Copied to its place, and all of its file's space given back. */
  empty(): void {
    if (!this.#isHeld) this.#database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  /** From now on the database's file is as it is, and what is written stays in the log, until it is let go. */
  hold(): void {
    this.empty();
    this.#database.exec("PRAGMA wal_autocheckpoint = 0");
    this.#isHeld = true;
  }

  letGo(): void {
    this.#database.exec(`PRAGMA wal_autocheckpoint = ${MOST_PAGES}`);
    this.#isHeld = false;
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
