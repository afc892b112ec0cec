/**
 * The file of the write-ahead log, whose end is filled with zeros before it is wanted. Zeros mean nothing there; a commit that overwrites them need not make the
 * file longer, so its sync does not wait for the file system's own journal too: a third of the time, and of the work.
 *
 * At rest it has room for the writes of a quiet minute. Under load it is lengthened in steps, each before the log has reached its end, and goes back to its length at rest when it
 * is emptied.
 */

import { closeSync, fstatSync, ftruncateSync, openSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { sync } from "../on-disk.ts";

/** At rest: 128 pages. It is also the step in which it is lengthened. */
export const REST_BYTES = 128 * 4096;

export class WriteAhead {
  readonly #path: string;
  /** As long as it was made; what is longer was written. */
  #ready = 0;

  constructor(database: string) {
    this.#path = `${database}-wal`;
  }

  get bytes(): number {
    return statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0;
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
