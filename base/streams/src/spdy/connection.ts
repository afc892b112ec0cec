/**
 * A SPDY/3.1 connection over any Duplex (a socket after an upgrade, or a WebSocket): either side of it.
 *
 * Promises: streams that the peer opens are given to `onStream` and answered; if it throws they are refused. Backpressure holds both ways. Pings are answered.
 *
 * Flow control: we always give credit (WINDOW_UPDATE) for what was read, but spend within the peer's windows only once it has shown that it knows
 * them: Go's spdystream, which kubectl and container runtimes use, neither gives nor minds credit, and would get 64 KiB and no more.
 */

import { once } from "node:events";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import {
  dataHead,
  FrameParser,
  goAway,
  INITIAL_WINDOW_SIZE,
  ping,
  resetCodes,
  rstStream,
  synReply,
  synStream,
  windowUpdate,
  type Frame,
} from "./frames.ts";
import { HeaderCodec, type SpdyHeaders } from "./headers.ts";
import { SpdyStream, type StreamCarrier } from "./stream.ts";

export interface SpdyOptions {
  readonly role: "client" | "server";
  onStream?(stream: SpdyStream): void;
}

const INITIAL_WINDOW = 64 << 10;
const MAX_DATA_FRAME = 16 << 10;
/** Credit is given in pieces of at least this size. */
const CREDIT_STEP = 16 << 10;
const MAX_STREAMS = 1000;
const CLOSE_TIMEOUT_MS = 5000;
/** Key of the window that all streams share. */
const SESSION = 0;

export class SpdyConnection implements AsyncDisposable {
  readonly #transport: Duplex;
  readonly #options: SpdyOptions;
  readonly #codec = new HeaderCodec();
  readonly #streams = new Map<number, SpdyStream>();
  readonly #pings = new Map<number, () => void>();
  readonly #windows = new Windows();
  /** Bytes read of a stream (or of all) for which no credit was given yet. */
  readonly #uncredited = new Map<number, number>();
  readonly #closed = Promise.withResolvers<void>();
  /** Header blocks leave in the order in which they are packed. */
  #headersSent: Promise<void> = Promise.resolve();
  #nextId: number;
  #nextPing: number;
  #lastPeerId = 0;
  #isClosing = false;

  constructor(transport: Duplex, options: SpdyOptions) {
    this.#transport = transport;
    this.#options = options;
    this.#nextId = this.#nextPing = options.role === "client" ? 1 : 2;
    transport.on("error", () => {}); // the end of the reading loop says it all
    // Credit and data in small packets: waiting to fill them would cost 40 ms for every window.
    if (transport instanceof Socket) transport.setNoDelay(true);
    this.#read().then(
      () => this.#finish(),
      () => this.#finish(),
    );
  }

  /** Resolves when the connection is over, whoever ended it. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Opens a stream. What is written to it waits until it is announced, not for an answer. */
  async open(headers: SpdyHeaders | Readonly<Record<string, string>>): Promise<SpdyStream> {
    if (this.#isClosing) throw new Error("Cannot open a stream: the connection is closing");
    const list = headers instanceof Map ? headers : new Map(Object.entries(headers));
    const stream = new SpdyStream(this.#nextId, list, this.#carrier);
    this.#nextId += 2;
    this.#add(stream);
    await this.#sendHeaders(list, (block) => synStream(stream.id, block));
    return stream;
  }

  /** Resolves when the peer has answered. */
  async ping(): Promise<void> {
    const id = this.#nextPing;
    this.#nextPing += 2;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#pings.set(id, resolve);
    this.#send(ping(id));
    await Promise.race([promise, this.closed]);
  }

  /** Says goodbye, after all that was written so far. Streams still open are cut. */
  async close(): Promise<void> {
    if (!this.#isClosing) {
      this.#isClosing = true;
      await this.#headersSent;
      this.#send(goAway(this.#lastPeerId, 0));
      this.#transport.end();
      // A peer that does not hang up is not waited for.
      const timer = setTimeout(() => this.#transport.destroy(), CLOSE_TIMEOUT_MS);
      void this.closed.then(() => clearTimeout(timer));
    }
    await this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Gone at once. */
  destroy(): void {
    this.#isClosing = true;
    this.#transport.destroy();
  }

  async #read(): Promise<void> {
    const parser = new FrameParser();
    for await (const chunk of this.#transport as AsyncIterable<Buffer>)
      for (const frame of parser.push(chunk)) await this.#take(frame);
  }

  #finish(): void {
    this.#isClosing = true;
    for (const stream of this.#streams.values()) stream.abandon();
    this.#windows.cancel();
    this.#codec[Symbol.dispose]();
    this.#transport.destroy();
    this.#closed.resolve();
  }

  async #take(frame: Frame): Promise<void> {
    switch (frame.type) {
      case "data":
        return await this.#receive(frame.streamId, frame.data, frame.fin);
      case "synStream":
        return await this.#accept(frame.streamId, await this.#codec.unpack(frame.block), frame.fin);
      case "synReply":
      case "headers":
        await this.#codec.unpack(frame.block); // what it says does not matter, but the codec must have seen it
        if (frame.fin) this.#streams.get(frame.streamId)?.receive(Buffer.alloc(0), true);
        return;
      case "rstStream":
        return this.#streams.get(frame.streamId)?.abandon();
      case "ping":
        return this.#answerPing(frame.id);
      case "windowUpdate":
        return this.#windows.grow(frame.streamId, frame.delta);
      case "settings": {
        const initial = frame.values.get(INITIAL_WINDOW_SIZE);
        if (initial !== undefined) this.#windows.setInitial(initial);
      }
    }
  }

  /**
   * A peer that counts is held by its windows; any other by our not reading on. Never both: credit for what we send comes
   * in the same bytes, so that two sides that wait for each other's credit without reading would wait forever.
   */
  async #receive(id: number, data: Buffer, fin: boolean): Promise<void> {
    const stream = this.#streams.get(id);
    stream?.receive(data, fin);
    if (!this.#windows.isCounting) await stream?.untilDrained();
  }

  async #accept(id: number, headers: SpdyHeaders, fin: boolean): Promise<void> {
    const isTheirs = id % 2 === (this.#options.role === "client" ? 0 : 1);
    if (!isTheirs || id <= this.#lastPeerId) return this.#send(rstStream(id, resetCodes.protocolError));
    this.#lastPeerId = id;
    if (this.#isClosing || !this.#options.onStream || this.#streams.size >= MAX_STREAMS)
      return this.#send(rstStream(id, resetCodes.refusedStream));
    const stream = new SpdyStream(id, headers, this.#carrier);
    this.#add(stream);
    // The answer first: Go's client drops data of streams that were not answered.
    await this.#sendHeaders(new Map(), (block) => synReply(id, block));
    try {
      this.#options.onStream(stream);
    } catch {
      stream.destroy(); // refused: the reset says so to the peer
      return;
    }
    if (fin) stream.receive(Buffer.alloc(0), true);
  }

  #add(stream: SpdyStream): void {
    this.#streams.set(stream.id, stream);
    stream.once("close", () => {
      this.#streams.delete(stream.id);
      this.#uncredited.delete(stream.id);
      this.#windows.forget(stream.id);
    });
  }

  #answerPing(id: number): void {
    if (id % 2 !== this.#nextPing % 2) return this.#send(ping(id));
    this.#pings.get(id)?.();
    this.#pings.delete(id);
  }

  async #sendHeaders(headers: SpdyHeaders, frameOf: (block: Buffer) => Buffer): Promise<void> {
    const sent = this.#headersSent.then(async () => this.#send(frameOf(await this.#codec.pack(headers))));
    this.#headersSent = sent.catch(() => {}); // told to who waits for `sent`
    await sent;
  }

  #send(bytes: Buffer): void {
    if (this.#transport.writable) this.#transport.write(bytes);
  }

  readonly #carrier: StreamCarrier = {
    sendData: async (stream, chunk) => {
      for (let at = 0; at < chunk.length;) {
        const size = await this.#windows.take(stream, Math.min(MAX_DATA_FRAME, chunk.length - at));
        // What nobody will get any more is dropped: the stream closes when what came before is read.
        if (stream.destroyed || !this.#transport.writable) return;
        this.#transport.cork();
        this.#transport.write(dataHead(stream.id, size, false));
        const hasRoom = this.#transport.write(chunk.subarray(at, at + size));
        this.#transport.uncork();
        if (!hasRoom) await Promise.race([once(this.#transport, "drain"), this.closed]);
        at += size;
      }
    },
    sendEnd: async (stream) => this.#send(dataHead(stream.id, 0, true)),
    sendReset: (stream) => this.#send(rstStream(stream.id, resetCodes.cancel)),
    onConsumed: (stream, bytes) => {
      for (const id of [stream.id, SESSION]) {
        const uncredited = (this.#uncredited.get(id) ?? 0) + bytes;
        const isDue = uncredited >= CREDIT_STEP;
        this.#uncredited.set(id, isDue ? 0 : uncredited);
        if (isDue) this.#send(windowUpdate(id, uncredited));
      }
    },
  };
}

/** How much may be sent: everything, until the peer shows that it counts, for a stream and for all of them together. */
class Windows {
  #counts = { streams: false, session: false };
  #initial = INITIAL_WINDOW;
  #isOver = false;
  /** What was sent less what was credited, by stream. */
  readonly #spent = new Map<number, number>();
  #changed = Promise.withResolvers<void>();

  get isCounting(): boolean {
    return this.#counts.streams || this.#counts.session;
  }

  grow(id: number, delta: number): void {
    this.#counts[id === SESSION ? "session" : "streams"] = true;
    this.#spend(id, -delta);
    this.#wake();
  }

  setInitial(size: number): void {
    this.#counts.streams = true;
    this.#initial = size;
    this.#wake();
  }

  /** Waits until something may be sent, and takes up to `wanted` of it; all of it when it does not matter any more. */
  async take(stream: SpdyStream, wanted: number): Promise<number> {
    const { id } = stream;
    for (;;) {
      const ofStream = this.#counts.streams ? this.#initial - this.#spentOf(id) : wanted;
      const ofSession = this.#counts.session ? INITIAL_WINDOW - this.#spentOf(SESSION) : wanted;
      const size = this.#isOver || stream.destroyed ? wanted : Math.min(wanted, ofStream, ofSession);
      if (size > 0) {
        this.#spend(id, size);
        this.#spend(SESSION, size);
        return size;
      }
      await this.#changed.promise;
    }
  }

  forget(id: number): void {
    this.#spent.delete(id);
    this.#wake();
  }

  cancel(): void {
    this.#isOver = true;
    this.#wake();
  }

  #spentOf(id: number): number {
    return this.#spent.get(id) ?? 0;
  }

  #spend(id: number, size: number): void {
    this.#spent.set(id, this.#spentOf(id) + size);
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
