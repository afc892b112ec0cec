/**
 * The pages of a SQLite file with the write-ahead log beside it, read without SQLite, so that damage to one page keeps no other from being
 * read (https://www.sqlite.org/fileformat2.html §1.3). Nothing is written; nobody may have the file open.
 */

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { WriteAheadLog } from "./write-ahead-log.ts";

const MAGIC = "SQLite format 3\0";
/** Knarr makes no others. */
export const PAGE_SIZE = 4096;

export interface FileHeader {
  readonly application: number;
  readonly format: number;
  /** The list of free pages. */
  readonly firstFree: number;
  readonly freePages: number;
}

export class PageFile implements Disposable {
  /** That there are by the last commit, or in the file where the header does not say. They count from 1. */
  readonly count: number;
  /** Undefined when it is damaged. */
  readonly header: FileHeader | undefined;
  /** With a damaged one, pages may be as they were a while ago. */
  readonly log: WriteAheadLog | undefined;
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, "r");
    try {
      this.log = WriteAheadLog.open(`${path}-wal`, PAGE_SIZE, (number) => this.#stored(number));
      const first = this.page(1);
      const isGood = first?.toString("latin1", 0, 18) === `${MAGIC}\x10\0`;
      this.header = isGood ? headerOf(first) : undefined;
      const onDisk = Math.ceil(fstatSync(this.#file).size / PAGE_SIZE);
      this.count = this.log?.pages || Math.max(onDisk, isGood ? pagesOf(first, onDisk) : 0);
    } catch (err) {
      this[Symbol.dispose]();
      throw err;
    }
  }

  /** As it is by the last commit; undefined when it is not there. */
  page(number: number): Buffer | undefined {
    return this.log?.page(number) ?? this.#stored(number);
  }

  [Symbol.dispose](): void {
    this.log?.[Symbol.dispose]();
    closeSync(this.#file);
  }

  #stored(number: number): Buffer | undefined {
    const page = Buffer.alloc(PAGE_SIZE);
    const length = readSync(this.#file, page, 0, PAGE_SIZE, (number - 1) * PAGE_SIZE);
    return length === PAGE_SIZE ? page : undefined;
  }
}

function headerOf(page: Buffer): FileHeader {
  return {
    firstFree: page.readUInt32BE(32),
    freePages: page.readUInt32BE(36),
    format: page.readUInt32BE(60),
    application: page.readUInt32BE(68),
  };
}

/** By the header; a number that was damaged is no reason to look for pages without end. */
function pagesOf(page: Buffer, onDisk: number): number {
  const said = page.readUInt32BE(28);
  return said > 4 * onDisk + 1024 ? onDisk : said;
}
