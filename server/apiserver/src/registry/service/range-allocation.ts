/**
 * Upstream's RangeAllocation: a range of numbers and which of them are taken, as one value of the store. Read in both of upstream's
 * encodings, written as JSON.
 *
 *     {"kind":"RangeAllocation","apiVersion":"v1","metadata":{"uid":"…"},"range":"30000-32767","data":"Ag=="}   // 30001
 *
 * `data` is one big number, its first byte the highest: bit i says whether the range's i-th number is taken.
 */

import { randomUUID } from "node:crypto";
import { openEnvelope } from "@knarr/machinery/decode/protobuf.ts";
import { Reader } from "@knarr/machinery/decode/protobuf-reader.ts";

export interface RangeAllocation {
  readonly first: number;
  readonly last: number;
  readonly taken: ReadonlySet<number>;
}

/** Throws SyntaxError for what is none. */
export function readRangeAllocation(stored: Uint8Array): RangeAllocation {
  const { range, data } = stored[0] === 0x6b ? partsOfMessage(stored) : partsOfJson(stored);
  const [, first, last] = /^(\d+)-(\d+)$/.exec(range) ?? [];
  if (first === undefined) throw new SyntaxError(`Cannot read a range of numbers: "${range}" is none`);
  const taken = new Set<number>();
  for (const [i, byte] of data.toReversed().entries())
    for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) taken.add(Number(first) + i * 8 + bit);
  return { first: Number(first), last: Number(last), taken };
}

export function writeRangeAllocation({ first, last, taken }: RangeAllocation): Buffer {
  const bytes = new Uint8Array(Math.floor((Math.max(first - 1, ...taken) - first) / 8) + 1);
  for (const number of taken)
    bytes[bytes.length - 1 - ((number - first) >> 3)]! |= 1 << ((number - first) & 7);
  const data = Buffer.from(bytes).toString("base64");
  // No two are the same: a store that sends a write again tells its own by its bytes.
  const metadata = { uid: randomUUID() };
  const object = { kind: "RangeAllocation", apiVersion: "v1", metadata, range: `${first}-${last}`, data };
  return Buffer.from(JSON.stringify(object));
}

interface Parts {
  readonly range: string;
  readonly data: Uint8Array;
}

function partsOfJson(stored: Uint8Array): Parts {
  const { range = "", data = "" } = JSON.parse(Buffer.from(stored).toString());
  return { range, data: Buffer.from(data ?? "", "base64") };
}

function partsOfMessage(stored: Uint8Array): Parts {
  const reader = new Reader(openEnvelope(stored).raw);
  let [range, data] = ["", new Uint8Array()];
  for (let field = reader.next(); field; field = reader.next()) {
    if (field === 2) range = reader.string();
    else if (field === 3) data = new Uint8Array(reader.bytes());
    else reader.skip();
  }
  return { range, data };
}
