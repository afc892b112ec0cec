/**
 * The wire format of protobuf, read from one message: which fields come, and their values as whoever knows the field
 * asks for them. Throws SyntaxError, in the words of Go's library, for what is not the format.
 */

/** Walks the fields of one message: `for (const number of reader.fields())`, one read or skip for each. */
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

  *fields(): Generator<number, void, void> {
    while (!this.isDone) {
      const tag = Number(this.varint());
      this.wire = tag & 7;
      const number = Math.floor(tag / 8);
      if (number === 0) throw new SyntaxError(`proto: illegal tag ${number} (wire type ${this.wire})`);
      yield number;
    }
  }

  varint(): bigint {
    let low = 0;
    let shift = 0;
    for (; shift < 28; shift += 7) {
      const byte = this.#byte();
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt(low);
    }
    let value = BigInt(low);
    for (; shift < 70; shift += 7) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << BigInt(shift);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new SyntaxError("proto: integer overflow");
  }

  bytes(): Uint8Array {
    if (this.wire !== 2) throw new SyntaxError(`proto: wrong wireType = ${this.wire}`);
    const length = Number(this.varint());
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new SyntaxError("unexpected EOF");
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  string(): string {
    const part = this.bytes();
    return Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString("utf8");
  }

  double(): number {
    const end = this.#at + 8;
    if (end > this.#bytes.length) throw new SyntaxError("unexpected EOF");
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset + this.#at, 8);
    this.#at = end;
    return view.getFloat64(0, true);
  }

  skip(): void {
    switch (this.wire) {
      case 0:
        this.varint();
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
