/**
 * The wire format of protobuf, read from one message: which fields come, and their values as whoever knows the field
 * asks for them. Throws SyntaxError, in the words of Go's library, for what is not the format.
 *
 *     for (let field = reader.next(); field; field = reader.next()) …   // one read or skip for each
 */

export class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;
  /** Wire type of the current field. */
  wire = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isDone(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Number of the next field; 0 after the last. */
  next(): number {
    if (this.isDone) return 0;
    const tag = this.#varint();
    this.wire = tag & 7;
    const number = Math.floor(tag / 8);
    if (number === 0) throw new SyntaxError(`proto: illegal tag 0 (wire type ${this.wire})`);
    return number;
  }

  /** What has no sign, as booleans. Exact up to 2⁵³. */
  uint(): number {
    this.#expect(0);
    return this.#varint();
  }

  #varint(): number {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
    throw new SyntaxError("proto: integer overflow");
  }

  int32(): number {
    const value = this.int64();
    return value | 0;
  }

  /** Negative numbers take ten bytes, and are the only ones that need big arithmetic. */
  int64(): number {
    this.#expect(0);
    const start = this.#at;
    const value = this.#varint();
    if (this.#at - start < 8) return value;
    let exact = 0n;
    for (let at = this.#at - 1; at >= start; at--) exact = (exact << 7n) | BigInt(this.#bytes[at]! & 0x7f);
    return Number(BigInt.asIntN(64, exact));
  }

  bytes(): Uint8Array {
    this.#expect(2);
    const end = this.#varint() + this.#at;
    if (end > this.#bytes.length) throw new SyntaxError("unexpected EOF");
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  string(): string {
    return textOf(this.bytes());
  }

  double(): number {
    this.#expect(1);
    const end = this.#at + 8;
    if (end > this.#bytes.length) throw new SyntaxError("unexpected EOF");
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset + this.#at, 8);
    this.#at = end;
    return view.getFloat64(0, true);
  }

  #expect(wire: number): void {
    if (this.wire !== wire) throw new SyntaxError(`proto: wrong wireType = ${this.wire}`);
  }

  skip(): void {
    switch (this.wire) {
      case 0:
        this.#varint();
        return;
      case 1:
        this.#at += 8;
        break;
      case 2:
        this.bytes();
        return;
      case 5:
        this.#at += 4;
        break;
      default:
        throw new SyntaxError(`proto: illegal wireType ${this.wire}`);
    }
    if (this.#at > this.#bytes.length) throw new SyntaxError("unexpected EOF");
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new SyntaxError("unexpected EOF");
    return byte;
  }
}

/** Short texts in ASCII, which names and keys are, are put together faster than decoded. */
export function textOf(bytes: Uint8Array): string {
  if (bytes.length <= 12) {
    let text = "";
    for (const byte of bytes) {
      if (byte >= 0x80) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
      text += String.fromCharCode(byte);
    }
    return text;
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
}
