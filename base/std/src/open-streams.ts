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
  state.streams = new Streams();
  state.pendingStreams = new Streams();
  return true;
}

/** What Node uses of a Map and of a Set. There are some hundreds at most, and those that come and go are the last. */
class Streams {
  readonly #keys: unknown[] = [];
  readonly #streams: Http2Stream[] = [];

  get size(): number {
    return this.#keys.length;
  }

  get(key: unknown): Http2Stream | undefined {
    return this.#streams[this.#keys.lastIndexOf(key)];
  }

  add(stream: Http2Stream): this {
    return this.set(stream, stream);
  }

  set(key: unknown, stream: Http2Stream): this {
    this.delete(key);
    this.#keys.push(key);
    this.#streams.push(stream);
    return this;
  }

  delete(key: unknown): boolean {
    const at = this.#keys.lastIndexOf(key);
    if (at === -1) return false;
    this.#keys.splice(at, 1);
    this.#streams.splice(at, 1);
    return true;
  }

  /** Of those that are open now: closing one takes it away. */
  forEach(visit: (stream: Http2Stream) => void): void {
    for (const stream of this.#streams.slice()) visit(stream);
  }
}
