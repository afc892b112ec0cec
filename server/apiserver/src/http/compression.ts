/** Compression of answers, on other threads than the one that answers. */

import { pipeline, Readable } from "node:stream";
import { promisify } from "node:util";
import { constants, createGzip, gzip } from "node:zlib";

const compress = promisify(gzip);

/** The fastest, as upstream. */
const level = constants.Z_BEST_SPEED;
/** Of compressed bytes that go out at once. */
const chunkSize = 64 << 10;

/**
 * What is one piece is compressed once, however many ask for it at the same time or later, as long as somebody keeps it. Of more, the next is
 * taken when what was made of those before has been taken.
 */
export async function compressed(
  pieces: Iterable<Buffer>,
): Promise<Iterable<Buffer> | AsyncIterable<Buffer>> {
  if (Array.isArray(pieces) && pieces.length === 1) return [await once(pieces[0])];
  const stream = createGzip({ level, chunkSize });
  pipeline(Readable.from(pieces, { highWaterMark: 1 }), stream, () => {}); // what goes wrong comes out of the stream, too
  return stream;
}

function once(bytes: Buffer): Promise<Buffer> {
  let result = known.get(bytes);
  if (!result) known.set(bytes, (result = compress(bytes, { level })));
  return result;
}

const known = new WeakMap<Buffer, Promise<Buffer>>();
