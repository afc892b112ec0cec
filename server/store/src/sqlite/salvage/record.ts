/** The cells of a page of a table or an index, and the records in them (https://www.sqlite.org/fileformat2.html §1.6, §2.1). */

import { PAGE_SIZE, type PageFile } from "./page-file.ts";

export type Value = null | number | string | Uint8Array;

export interface Cell {
  /** Of a row of a table. */
  readonly rowid: number;
  /** Undefined when it is damaged. */
  readonly record: readonly Value[] | undefined;
}

/** What a page of a tree is, by its first byte. */
const INDEX_INTERIOR = 2;
const TABLE_INTERIOR = 5;
const INDEX_LEAF = 10;
const TABLE_LEAF = 13;

export interface TreePage {
  readonly isTable: boolean;
  /** None in the inner pages of a table. */
  readonly cells: readonly Cell[];
  /** The pages below an inner one. */
  readonly below: readonly number[];
}

/** Undefined for what is no page of a tree. `page` may be its content at another time. */
export function readTreePage(file: PageFile, number: number, page = file.page(number)): TreePage | undefined {
  if (!page) return undefined;
  const start = number === 1 ? 100 : 0;
  const type = page[start]!;
  if (![INDEX_INTERIOR, TABLE_INTERIOR, INDEX_LEAF, TABLE_LEAF].includes(type)) return undefined;
  const isTable = type === TABLE_LEAF || type === TABLE_INTERIOR;
  const places = start + (type === TABLE_LEAF || type === INDEX_LEAF ? 8 : 12);
  const count = page.readUInt16BE(start + 3);
  if (places + 2 * count > PAGE_SIZE) return undefined;
  const cells = Array.from({ length: count }, (_, i) => page.readUInt16BE(places + 2 * i));
  const isInner = type === INDEX_INTERIOR || type === TABLE_INTERIOR;
  const below = isInner
    ? [...cells, start + 8].map((at) => (at + 4 > PAGE_SIZE ? 0 : page.readUInt32BE(at)))
    : [];
  if (type === TABLE_INTERIOR) return { isTable, cells: [], below };
  const skipped = isInner ? 4 : 0;
  return { isTable, cells: cells.map((at) => readCell(file, page, { at: at + skipped, isTable })), below };
}

function readCell(
  file: PageFile,
  page: Buffer,
  { at, isTable }: { readonly at: number; readonly isTable: boolean },
): Cell {
  try {
    const reader = new Reader(page, at);
    const length = reader.varint();
    const rowid = isTable ? reader.varint() : 0;
    return { rowid, record: recordOf(payload(file, reader, { length, isTable })) };
  } catch (err) {
    if (err instanceof RangeError) return { rowid: 0, record: undefined };
    throw err;
  }
}

/** Part of it lies in the page, the rest in a chain of others. */
function payload(
  file: PageFile,
  reader: Reader,
  { length, isTable }: { readonly length: number; readonly isTable: boolean },
): Buffer {
  if (length > file.count * PAGE_SIZE) throw new RangeError("longer than the file");
  const most = isTable ? PAGE_SIZE - 35 : Math.floor(((PAGE_SIZE - 12) * 64) / 255) - 23;
  if (length <= most) return reader.bytes(length);
  const least = Math.floor(((PAGE_SIZE - 12) * 32) / 255) - 23;
  const fitting = least + ((length - least) % (PAGE_SIZE - 4));
  const parts = [reader.bytes(fitting <= most ? fitting : least)];
  let next = reader.bytes(4).readUInt32BE(0);
  for (let left = length - parts[0]!.length; left > 0;) {
    const page = file.page(next);
    if (!page) throw new RangeError("no such page");
    next = page.readUInt32BE(0);
    parts.push(page.subarray(4, 4 + Math.min(left, PAGE_SIZE - 4)));
    left -= parts.at(-1)!.length;
  }
  return Buffer.concat(parts);
}

function recordOf(bytes: Buffer): Value[] {
  const types = new Reader(bytes, 0);
  const end = types.varint();
  const values = new Reader(bytes, end);
  const record: Value[] = [];
  while (types.at < end) record.push(valueOf(types.varint(), values));
  if (types.at !== end || values.at !== bytes.length) throw new RangeError("not as long as it says");
  return record;
}

/** Bytes of whole numbers by their type. */
const INTEGERS = [0, 1, 2, 3, 4, 6, 8];

function valueOf(type: number, values: Reader): Value {
  if (type === 0) return null;
  if (type === 8 || type === 9) return type - 8;
  const size = INTEGERS[type];
  if (size) return integer(values.bytes(size));
  if (type < 12) throw new RangeError("no such type");
  const bytes = values.bytes((type - (type % 2 === 0 ? 12 : 13)) / 2);
  return type % 2 === 0 ? bytes : bytes.toString("utf8");
}

function integer(bytes: Buffer): number {
  return bytes.length === 8 ? Number(bytes.readBigInt64BE(0)) : bytes.readIntBE(0, bytes.length);
}

/** Throws RangeError beyond the end. */
class Reader {
  at: number;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  bytes(length: number): Buffer {
    if (this.at + length > this.#bytes.length) throw new RangeError("beyond the end");
    return this.#bytes.subarray(this.at, (this.at += length));
  }

  /** Seven bits a byte, the highest first; the ninth has eight. */
  varint(): number {
    let value = 0;
    for (let i = 0; i < 9; i++) {
      const [byte = 0] = this.bytes(1);
      if (i === 8) return value * 256 + byte;
      value = value * 128 + (byte & 127);
      if (byte < 128) return value;
    }
    return value;
  }
}
