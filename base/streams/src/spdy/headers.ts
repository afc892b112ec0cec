/**
 * SPDY header blocks: name and value pairs, compressed by one zlib stream each way that lives as long as the connection.
 *
 * So blocks must be packed in the order in which they are sent and unpacked in the order in which they came: callers await
 * each before the next. Names are lower case on the wire; values of one name are joined by NUL.
 */

import { constants, createDeflate, createInflate, type Deflate, type Inflate } from "node:zlib";
import { headerDictionary } from "./dictionary.ts";

export type SpdyHeaders = ReadonlyMap<string, string>;

/** Unpacked. A block that is bigger was made to hurt. */
const MAX_BLOCK_BYTES = 256 << 10;

export class HeaderCodec implements Disposable {
  readonly #deflate = new Pipe(
    createDeflate({ dictionary: headerDictionary, flush: constants.Z_SYNC_FLUSH, level: 9 }),
  );
  readonly #inflate = new Pipe(
    createInflate({ dictionary: headerDictionary, flush: constants.Z_SYNC_FLUSH }),
  );

  async pack(headers: SpdyHeaders): Promise<Buffer> {
    return await this.#deflate.through(encodeHeaders(headers));
  }

  async unpack(block: Buffer): Promise<Map<string, string>> {
    return decodeHeaders(await this.#inflate.through(block));
  }

  [Symbol.dispose](): void {
    this.#deflate.close();
    this.#inflate.close();
  }
}

/** A zlib stream, asked one block at a time. */
class Pipe {
  readonly #zlib: Deflate | Inflate;
  #output: Buffer[] = [];
  #length = 0;
  #failure: Error | undefined;

  constructor(zlib: Deflate | Inflate) {
    this.#zlib = zlib;
    zlib.on("error", (err) => (this.#failure = err));
    zlib.on("data", (chunk: Buffer) => {
      this.#length += chunk.length;
      if (this.#length <= MAX_BLOCK_BYTES) this.#output.push(chunk);
    });
  }

  /** The callback of a write comes after all that it gave came out, since every write is flushed. */
  async through(block: Buffer): Promise<Buffer> {
    if (this.#failure) throw this.#failure;
    this.#output = [];
    this.#length = 0;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#zlib.write(block, (err) => (err ? reject(err) : resolve()));
    await promise;
    if (this.#length > MAX_BLOCK_BYTES)
      throw new RangeError(`SPDY header block of more than ${MAX_BLOCK_BYTES} bytes`);
    return Buffer.concat(this.#output);
  }

  close(): void {
    this.#zlib.destroy();
  }
}

export function encodeHeaders(headers: SpdyHeaders): Buffer {
  const parts = [numberOf(headers.size)];
  for (const [name, value] of headers) {
    for (const text of [name.toLowerCase(), value]) {
      const bytes = Buffer.from(text, "latin1");
      parts.push(numberOf(bytes.length), bytes);
    }
  }
  return Buffer.concat(parts);
}

export function decodeHeaders(block: Buffer): Map<string, string> {
  const headers = new Map<string, string>();
  let at = 0;
  const number = () => {
    if (at + 4 > block.length) throw new SyntaxError("SPDY header block ends too soon");
    return block.readUInt32BE((at += 4) - 4);
  };
  const text = () => {
    const length = number();
    if (at + length > block.length) throw new SyntaxError("SPDY header block ends too soon");
    return block.toString("latin1", at, (at += length));
  };
  for (let left = number(); left > 0; left--) headers.set(text().toLowerCase(), text());
  return headers;
}

function numberOf(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
