/**
 * The streams of an HTTP/2 session, kept so that a stream that has ended is garbage at once.
 *
 * Node keeps them in a Map and a Set. V8's Maps and Sets move to a new table every so often, and leave in the old one what it held and where the
 * new one is. Once one table is too old for the young generation's collections, all that follow it live on with the streams they held, headers and
 * buffers, until the next collection of everything: an eighth of all that requests allocate. This took twenty times as long as collecting the rest,
 * with all requests waiting (docs/performance.md).
 */

import type { Http2Session, Http2Stream } from "node:http2";

/** Of Node's own state, which it keeps with the session under a symbol. */
interface SessionState {
  streams: object & { readonly size: number };
  pendingStreams: object & { readonly size: number };
}

/** For a session that has just begun. False if Node keeps streams in another way than version 26 does: then nothing has changed. */
export function keepStreamsApart(session: Http2Session): boolean {
  const symbol = Object.getOwnPropertySymbols(session).find(({ description }) => description === "state");
  const state = symbol && (session as unknown as Record<symbol, Partial<SessionState>>)[symbol];
  if (state?.streams?.size !== 0 || state.pendingStreams?.size !== 0) return false;
  state.streams = new OpenStreams();
  state.pendingStreams = new PendingStreams();
  return true;
}

/** What Node uses of a Map. There are some hundreds at most, and those that come and go are the last. */
class OpenStreams {
  readonly #ids: number[] = [];
  readonly #streams: Http2Stream[] = [];

  get size(): number {
    return this.#ids.length;
  }

  get(id: number): Http2Stream | undefined {
    return this.#streams[this.#ids.lastIndexOf(id)];
  }

  set(id: number, stream: Http2Stream): this {
    this.delete(id);
    this.#ids.push(id);
    this.#streams.push(stream);
    return this;
  }

  delete(id: number): boolean {
    const at = this.#ids.lastIndexOf(id);
    if (at === -1) return false;
    this.#ids.splice(at, 1);
    this.#streams.splice(at, 1);
    return true;
  }

  /** Of those that are open now: closing one takes it away. */
  forEach(visit: (stream: Http2Stream) => void): void {
    this.#streams.slice().forEach((stream) => visit(stream));
  }
}

/** What Node uses of a Set. */
class PendingStreams {
  readonly #streams: Http2Stream[] = [];

  get size(): number {
    return this.#streams.length;
  }

  add(stream: Http2Stream): this {
    this.#streams.push(stream);
    return this;
  }

  delete(stream: Http2Stream): boolean {
    const at = this.#streams.lastIndexOf(stream);
    if (at !== -1) this.#streams.splice(at, 1);
    return at !== -1;
  }

  /** As above. */
  forEach(visit: (stream: Http2Stream) => void): void {
    this.#streams.slice().forEach((stream) => visit(stream));
  }
}
