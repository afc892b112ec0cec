/**
 * Where the last lines of a log begin, found from its end: the file may be large and the lines few.
 *
 *     … F one␤ P tw␤ F o␤ F three␤        last 2: from "P tw", for P and F records make one line
 */

import type { FileHandle } from "node:fs/promises";
import { parseLogRecord } from "./log-record.ts";

const BLOCK = 64 << 10;
const NEWLINE = 0x0a;

/** The position of the first record of the last `count` lines, of one stream if it matters, before position `end`. */
export async function findTail(
  file: FileHandle,
  {
    end,
    count,
    stream,
  }: { readonly end: number; readonly count: number; readonly stream?: "stdout" | "stderr" },
): Promise<number> {
  if (count <= 0) return end;
  let missing = count;
  /** Start of the line that was looked at last: the answer, if the line before it ends another one. */
  let lineStart = end;
  for await (const { start, line } of linesBackward(file, end)) {
    const record = parseLogRecord(line);
    const isLast = lineStart === end;
    const counts =
      !record || (stream !== undefined && record.stream !== stream) ? false : isLast || !record.isPartial;
    if (counts && missing-- === 0) return lineStart;
    lineStart = start;
  }
  return 0;
}

async function* linesBackward(
  file: FileHandle,
  end: number,
): AsyncGenerator<{ readonly start: number; readonly line: Buffer }> {
  let carry: Buffer = Buffer.alloc(0);
  for (let position = end; position > 0;) {
    const from = Math.max(0, position - BLOCK);
    const block = Buffer.alloc(position - from);
    await file.read(block, 0, block.length, from);
    let data: Buffer = Buffer.concat([block, carry]);
    position = from;
    // The newline at the very end belongs to the last line.
    let newline = data.lastIndexOf(NEWLINE, data.length - 2);
    while (newline >= 0 && data.length > 1) {
      yield { start: from + newline + 1, line: withoutNewline(data.subarray(newline + 1)) };
      data = data.subarray(0, newline + 1);
      newline = data.length > 1 ? data.lastIndexOf(NEWLINE, data.length - 2) : -1;
    }
    carry = data;
  }
  if (carry.length > 0) yield { start: 0, line: withoutNewline(carry) };
}

function withoutNewline(line: Buffer): Buffer {
  return line.at(-1) === NEWLINE ? line.subarray(0, -1) : line;
}
