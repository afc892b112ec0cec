/**
 * A write-ahead log as SQLite left it: which page has which content by the last commit in it
 * (https://www.sqlite.org/fileformat2.html §4).
 *
 *     header: magic, …, two salts, checksum      frame: page number, pages after a commit (0: none), the salts, checksum, the page
 *
 * A frame counts when it has the log's salts and its checksum goes on from that of the frame before. SQLite stops at the first that does not: after a
 * loss of power, nothing behind it was acknowledged. Where a disk has damaged a frame, those behind it are good all the same by the checksum that stands in
 * the frame before each, and are used here. When all of them have been copied to the file already, the file has what the damaged one had, too.
 */

import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";

const HEADER_BYTES = 32;
export const FRAME_HEADER_BYTES = 24;
/** On machines whose words begin with the lowest byte, which all are that Node.js runs on but one. */
const MAGIC = 0x377f0682;

type Sum = readonly [number, number];

interface Frame {
  readonly page: number;
  /** Of a commit, how many pages there are after it. */
  readonly pages: number;
  /** Where in the log the page lies. */
  readonly at: number;
  /** Behind a frame that is damaged. */
  readonly isBehind: boolean;
}

export interface LoggedPage {
  readonly number: number;
  readonly page: Buffer;
  readonly isCommit: boolean;
  readonly isBehind: boolean;
}

export class WriteAheadLog implements Disposable {
  /** How many there are by the last commit; 0 when the file needs nothing of the log. */
  readonly pages: number;
  readonly isDamaged: boolean;
  readonly isHeaderDamaged: boolean;
  readonly #file: number;
  readonly #pageSize: number;
  /** Of whole transactions. */
  readonly #frames: readonly Frame[];
  /** Those of them that have the last content of a page. */
  readonly #last = new Map<number, Frame>();

  /** `stored` is the page as the file has it. Undefined: there is no log. */
  static open(
    path: string,
    pageSize: number,
    stored: (page: number) => Buffer | undefined,
  ): WriteAheadLog | undefined {
    return existsSync(path) ? new WriteAheadLog(openSync(path, "r"), pageSize, stored) : undefined;
  }

  private constructor(file: number, pageSize: number, stored: (page: number) => Buffer | undefined) {
    this.#file = file;
    this.#pageSize = pageSize;
    const { frames, isHeaderGood } = this.#readFrames();
    this.#frames = frames;
    for (const frame of frames) this.#last.set(frame.page, frame);
    const behind = [...this.#last.values()].filter(({ isBehind }) => isBehind);
    const isCopied =
      behind.length > 0 && behind.every(({ page, at }) => stored(page)?.equals(this.#read(at)));
    if (isCopied) this.#last.clear();
    this.isHeaderDamaged = !isCopied && !isHeaderGood;
    this.isDamaged = this.isHeaderDamaged || (behind.length > 0 && !isCopied);
    this.pages = isCopied ? 0 : (frames.at(-1)?.pages ?? 0);
  }

  page(number: number): Buffer | undefined {
    const frame = this.#last.get(number);
    return frame && this.#read(frame.at);
  }

  /** The last content of each page that there is by the last commit. */
  *latest(): Generator<{ readonly number: number; readonly page: Buffer }> {
    for (const [number, { at }] of this.#last)
      if (number <= this.pages) yield { number, page: this.#read(at) };
  }

  /** All contents that pages have had in it, in the order in which they were written. */
  *history(): Generator<LoggedPage> {
    for (const { page: number, pages, at, isBehind } of this.#frames)
      yield { number, page: this.#read(at), isCommit: pages > 0, isBehind };
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  #readFrames(): { readonly frames: readonly Frame[]; readonly isHeaderGood: boolean } {
    const { size } = fstatSync(this.#file);
    const header = this.#read(0, HEADER_BYTES);
    const isHeaderGood =
      header.readUInt32BE(0) === MAGIC &&
      isSame(sumOf(header.subarray(0, 24), [0, 0]), storedSum(header, 24));
    // The first frame is of the time of the header; those further on may be from before.
    const salts = isHeaderGood ? header.subarray(16, 24) : this.#read(HEADER_BYTES + 8, 8);
    let isUnused = isZero(header);
    const frames: Frame[] = [];
    let before = storedSum(header, 24);
    let isBehind = !isHeaderGood;
    let committed = 0;
    for (let at = HEADER_BYTES; at + FRAME_HEADER_BYTES + this.#pageSize <= size;) {
      const head = this.#read(at, FRAME_HEADER_BYTES);
      const own = storedSum(head, 16);
      isUnused &&= isZero(head);
      at += FRAME_HEADER_BYTES;
      const isGood =
        head.subarray(8, 16).equals(salts) &&
        isSame(sumOf(this.#read(at), sumOf(head.subarray(0, 8), before)), own);
      if (isGood) frames.push({ page: head.readUInt32BE(0), pages: head.readUInt32BE(4), at, isBehind });
      else isBehind = true;
      if (frames.at(-1)?.pages) committed = frames.length;
      before = own;
      at += this.#pageSize;
    }
    return { frames: frames.slice(0, committed), isHeaderGood: isHeaderGood || isUnused };
  }

  #read(at: number, length = this.#pageSize): Buffer {
    const bytes = Buffer.alloc(length);
    readSync(this.#file, bytes, 0, length, at);
    return bytes;
  }
}

function storedSum(bytes: Buffer, at: number): Sum {
  return [bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4)];
}

function isSame(one: Sum, other: Sum): boolean {
  return one[0] === other[0] && one[1] === other[1];
}

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}

function sumOf(bytes: Buffer, [start0, start1]: Sum): Sum {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let [sum0, sum1] = [start0, start1];
  for (let at = 0; at < bytes.length; at += 8) {
    sum0 = (sum0 + view.getUint32(at, true) + sum1) >>> 0;
    sum1 = (sum1 + view.getUint32(at + 4, true) + sum0) >>> 0;
  }
  return [sum0, sum1];
}
