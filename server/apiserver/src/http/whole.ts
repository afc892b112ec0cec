/** Reading whole what another server answers: only up to a limit, for that server may be broken, or anybody's. */

import type { Readable } from "node:stream";

/** Rejects, and closes the stream, as soon as it is longer than `limit` bytes; rejects also when it ends before its time. */
export async function readWhole(stream: Readable, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new RangeError(`the answer is longer than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
