/** DNS over TCP: every message has its length before it, two bytes (RFC 1035 §4.2.2). */

export class TcpFrames {
  #rest: Buffer = Buffer.alloc(0);

  /** The messages that are whole now. */
  *push(chunk: Buffer): Generator<Buffer> {
    this.#rest = this.#rest.length ? Buffer.concat([this.#rest, chunk]) : chunk;
    while (this.#rest.length >= 2) {
      const length = this.#rest.readUInt16BE(0);
      if (this.#rest.length < length + 2) return;
      yield this.#rest.subarray(2, length + 2);
      this.#rest = this.#rest.subarray(length + 2);
    }
  }
}

export function withLength(message: Buffer): Buffer {
  const framed = Buffer.allocUnsafe(message.length + 2);
  framed.writeUInt16BE(message.length, 0);
  message.copy(framed, 2);
  return framed;
}
