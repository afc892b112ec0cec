/**
 * An answer of another server, as bytes that are kept: where its TTLs are, for how long it may be kept, and how it is given out
 * again, to another client, later.
 */

import { types } from "./message.ts";

export interface UpstreamAnswer {
  readonly bytes: Buffer;
  readonly questionEnd: number;
  /** Positions of TTL fields. */
  readonly ttls: readonly number[];
  /** 0: not to be kept. */
  readonly ttlSeconds: number;
  readonly isTruncated: boolean;
}

const MAX_TTL = 3600;
const MAX_NEGATIVE_TTL = 1800;
const FAILURE_TTL = 5;
/** Without an SOA nothing says for how long a denial holds. */
const UNSAID_TTL = 5;

/** Throws RangeError for bytes that are no message. */
export function readUpstreamAnswer(bytes: Buffer, questionEnd: number): UpstreamAnswer {
  const code = bytes[3]! & 15;
  const isTruncated = (bytes[2]! & 2) !== 0;
  const answers = bytes.readUInt16BE(6);
  const total = answers + bytes.readUInt16BE(8) + bytes.readUInt16BE(10);
  const ttls: number[] = [];
  let least = Infinity;
  let negative: number | undefined;
  let at = questionEnd;
  for (let index = 0; index < total; index++) {
    at = skipName(bytes, at);
    const type = bytes.readUInt16BE(at);
    const length = bytes.readUInt16BE(at + 8);
    if (type !== types.OPT) {
      const ttl = bytes.readUInt32BE(at + 4);
      ttls.push(at + 4);
      least = Math.min(least, ttl);
      if (type === types.SOA) negative = Math.min(ttl, bytes.readUInt32BE(at + 10 + length - 4));
    }
    at += 10 + length;
  }
  if (at > bytes.length) throw new RangeError("The answer ends too soon");
  return {
    bytes,
    questionEnd,
    ttls,
    isTruncated,
    ttlSeconds: isTruncated ? 0 : keepFor(code, answers, { least, negative }),
  };
}

function keepFor(
  code: number,
  answers: number,
  { least, negative }: { least: number; negative: number | undefined },
): number {
  if (code !== 0 && code !== 3) return FAILURE_TTL;
  if (answers > 0 && code === 0) return Math.min(least, MAX_TTL);
  return Math.min(negative ?? UNSAID_TTL, MAX_NEGATIVE_TTL);
}

function skipName(bytes: Buffer, start: number): number {
  for (let at = start; ;) {
    const length = bytes.readUInt8(at);
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2;
    at += length + 1;
  }
}

/** A copy for the client of `query`: its id, its flags, the name in its spelling, TTLs less what has passed. */
export function handOut(answer: UpstreamAnswer, query: Buffer, elapsedSeconds: number): Buffer {
  const copy = Buffer.from(answer.bytes);
  query.copy(copy, 12, 12, answer.questionEnd);
  copy[0] = query[0]!;
  copy[1] = query[1]!;
  copy[2] = (copy[2]! & ~1) | (query[2]! & 1);
  copy[3] = (copy[3]! & ~0x10) | 0x80 | (query[3]! & 0x10);
  if (elapsedSeconds > 0)
    for (const at of answer.ttls) copy.writeUInt32BE(Math.max(0, copy.readUInt32BE(at) - elapsedSeconds), at);
  return copy;
}
