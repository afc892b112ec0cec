/**
 * Several streams over one WebSocket: the first byte of a message (in the base64 protocols: its first character) is the number of the
 * channel, the rest is data. Since v5 a message `[255, channel]` from the peer ends what can be read from that channel.
 *
 * Backpressure holds both ways: a write is done when the socket took it; when a reader has a megabyte to read the socket is not
 * read from. If the socket closes, readers are destroyed without an end, and writes go nowhere.
 */

import { Readable, Writable } from "node:stream";
import type { RawData, WebSocket } from "ws";

export interface ChannelFormat {
  readonly encoding: "binary" | "base64";
  /** v5: channels can be ended each by itself. */
  readonly canEnd: boolean;
}

const END_OF_CHANNEL = 255;
const MAX_BUFFERED_BYTES = 1 << 20;

export class ChannelConnection {
  readonly #socket: WebSocket;
  readonly #format: ChannelFormat;
  readonly #readers = new Map<number, Readable>();
  readonly #closed = Promise.withResolvers<void>();

  constructor(socket: WebSocket, format: ChannelFormat) {
    this.#socket = socket;
    this.#format = format;
    socket.on("message", (data, isBinary) => this.#receive(data, isBinary));
    socket.on("error", () => {}); // is followed by close
    socket.on("close", () => {
      for (const reader of this.#readers.values()) if (!reader.readableEnded) reader.destroy();
      this.#closed.resolve();
    });
  }

  /** Resolves when the socket is closed, by whomever. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** What comes on a channel. Messages of channels that nobody asked for are dropped. */
  readable(channel: number): Readable {
    const existing = this.#readers.get(channel);
    if (existing) return existing;
    const reader = new Readable({ read: () => this.#resume() });
    this.#readers.set(channel, reader);
    return reader;
  }

  /** A channel to write to; `end()` of it is not told to the peer, which is what `endChannel` is for. */
  writable(channel: number): Writable {
    return new Writable({ write: (chunk: Buffer, _, done) => this.send(channel, chunk, done) });
  }

  send(channel: number, data: Buffer, done: (err?: Error | null) => void = () => {}): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return done();
    const message =
      this.#format.encoding === "binary"
        ? Buffer.concat([Buffer.from([channel]), data])
        : `${channel}${data.toString("base64")}`;
    this.#socket.send(message, { binary: this.#format.encoding === "binary" }, () => done());
  }

  /** As the client of v5: no more data on this channel. */
  endChannel(channel: number): void {
    this.#socket.send(Buffer.from([END_OF_CHANNEL, channel]), { binary: true });
  }

  /** Says goodbye after all that was written. */
  async close(): Promise<void> {
    this.#socket.resume();
    this.#socket.close(1000);
    await this.closed;
  }

  #receive(data: RawData, isBinary: boolean): void {
    const bytes = Buffer.isBuffer(data)
      ? data
      : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)]);
    if (bytes.length === 0) return;
    if (this.#format.canEnd && bytes[0] === END_OF_CHANNEL) {
      if (bytes.length >= 2) this.#readers.get(bytes[1]!)?.push(null);
      return;
    }
    const isText = this.#format.encoding === "base64" && !isBinary;
    const reader = this.#readers.get(isText ? bytes[0]! - 0x30 : bytes[0]!);
    if (!reader || reader.destroyed || bytes.length === 1) return;
    reader.push(isText ? Buffer.from(bytes.toString("latin1", 1), "base64") : bytes.subarray(1));
    if (reader.readableLength > MAX_BUFFERED_BYTES) this.#socket.pause();
  }

  #resume(): void {
    if (!this.#socket.isPaused) return;
    for (const reader of this.#readers.values()) if (reader.readableLength > MAX_BUFFERED_BYTES) return;
    this.#socket.resume();
  }
}
