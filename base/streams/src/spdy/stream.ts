/**
 * One SPDY stream: a Duplex whose ends close each by itself. `end()` sends FIN; the peer's FIN is the end of what can be read; `destroy()`
 * resets it. A reset by the peer, or the loss of the connection, closes it without an error: `close` without `end`.
 */

import { Duplex } from "node:stream";
import type { SpdyHeaders } from "./headers.ts";

/** What a stream asks of its connection. */
export interface StreamCarrier {
  sendData(stream: SpdyStream, chunk: Buffer): Promise<void>;
  sendEnd(stream: SpdyStream): Promise<void>;
  sendReset(stream: SpdyStream): void;
  /** The reader took so many bytes more. */
  onConsumed(stream: SpdyStream, bytes: number): void;
}

/** What is taken in before the reader must take something out, of a peer that does not know windows. */
export const MAX_BUFFERED_BYTES = 1 << 20;

export class SpdyStream extends Duplex {
  readonly id: number;
  /** What it was opened with; names in lower case. */
  readonly headers: SpdyHeaders;
  readonly #carrier: StreamCarrier;
  #received = 0;
  #credited = 0;
  #hasEnded = { here: false, there: false };
  #drained = Promise.withResolvers<void>();

  constructor(id: number, headers: SpdyHeaders, carrier: StreamCarrier) {
    super({ allowHalfOpen: true, highWaterMark: 64 << 10 });
    this.id = id;
    this.headers = headers;
    this.#carrier = carrier;
  }

  /** From the connection: data that arrived. */
  receive(data: Buffer, fin: boolean): void {
    if (this.destroyed || this.#hasEnded.there) return;
    if (data.length > 0) {
      this.#received += data.length;
      this.push(data);
    }
    if (fin) {
      this.#hasEnded.there = true;
      this.push(null);
    }
    this.#credit();
  }

  /** From the connection: resolves when there is room for more. */
  async untilDrained(): Promise<void> {
    while (this.readableLength > MAX_BUFFERED_BYTES && !this.destroyed) await this.#drained.promise;
  }

  /** From the connection: it is over, without anything to be said to the peer. What came before the peer's end can still be read. */
  abandon(): void {
    const canBeRead = this.#hasEnded.there && !this.readableEnded;
    this.#hasEnded = { here: true, there: true };
    if (canBeRead) this.once("end", () => this.destroy());
    else this.destroy();
  }

  override _read(): void {
    // What comes is pushed as it comes.
  }

  /** Everything that is taken out goes through here, or is never kept at all. */
  override read(size?: number): unknown {
    const taken: unknown = super.read(size);
    this.#credit();
    this.#wake();
    return taken;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (err?: Error | null) => void): void {
    this.#carrier.sendData(this, chunk).then(() => done(), done);
  }

  override _final(done: (err?: Error | null) => void): void {
    this.#hasEnded.here = true;
    this.#carrier.sendEnd(this).then(() => done(), done);
  }

  override _destroy(err: Error | null, done: (err?: Error | null) => void): void {
    if (!this.#hasEnded.here || !this.#hasEnded.there) this.#carrier.sendReset(this);
    this.#wake();
    done(err);
  }

  #wake(): void {
    this.#drained.resolve();
    this.#drained = Promise.withResolvers<void>();
  }

  #credit(): void {
    const consumed = this.#received - this.readableLength;
    if (consumed === this.#credited) return;
    this.#carrier.onConsumed(this, consumed - this.#credited);
    this.#credited = consumed;
  }
}
