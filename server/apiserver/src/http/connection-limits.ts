/**
 * How long connections may take and stay on which nothing happens: upstream's times. One that nobody uses is closed, and one whose client has gone
 * without a word (no answer to a ping) is cut, watches and all.
 *
 * Requests cost nothing for it. All connections are looked at together, twice in the time they may be quiet, and which stream a client opened last says whether it
 * asked for something in between:
 *
 *     request …… look …… look          a connection is closed 1 to 1½ times `idleMs` after its last request
 *                 quiet?  still quiet: ping ── answered, nothing goes on: closed ── answered, a watch goes on: left ── no answer: cut
 */

import type { ServerHttp2Session } from "node:http2";
import type { TLSSocket } from "node:tls";
import type { Connection } from "./exchange.ts";

export interface ConnectionLimits {
  /** For TLS to agree. */
  readonly handshakeMs: number;
  /** For the head of a request in HTTP/1.1. */
  readonly headersMs: number;
  /** For a connection that nobody uses. */
  readonly idleMs: number;
  /** For a client to answer a ping. */
  readonly answerMs: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  handshakeMs: 32_000,
  headersMs: 32_000,
  idleMs: 90_000,
  answerMs: 15_000,
};

/** The connections of HTTP/2; Node looks after those of HTTP/1.1 itself. */
export class Sessions implements Disposable {
  readonly #answerMs: number;
  readonly #seen = new Map<ServerHttp2Session, Seen>();
  readonly #timer: NodeJS.Timeout;

  constructor({ idleMs, answerMs }: ConnectionLimits) {
    this.#answerMs = answerMs;
    this.#timer = setInterval(() => this.#lookAtAll(), idleMs / 2);
    this.#timer.unref();
  }

  add(session: ServerHttp2Session, connection: Connection): void {
    // `once` gives the socket itself, which a session otherwise hides.
    const socket = session.socket.once("close", () => this.#seen.delete(session)) as TLSSocket;
    this.#seen.set(session, { socket, connection, lastStream: -1, wasQuiet: false });
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #lookAtAll(): void {
    for (const [session, seen] of this.#seen) {
      // It has ended, and its client, asked to close, does not.
      if (session.destroyed) seen.socket.destroy();
      else this.#lookAt(session, seen);
    }
  }

  #lookAt(session: ServerHttp2Session, seen: Seen): void {
    const lastStream = session.state.lastProcStreamID ?? 0;
    const isQuiet = lastStream === seen.lastStream;
    if (isQuiet && seen.wasQuiet) this.#ask(session, seen);
    seen.lastStream = lastStream;
    seen.wasQuiet = isQuiet;
  }

  #ask(session: ServerHttp2Session, { socket, connection }: Seen): void {
    const cut = setTimeout(() => socket.destroy(), this.#answerMs);
    cut.unref();
    session.ping(() => {
      clearTimeout(cut);
      if (connection.goesOn === 0) session.close(); // which lets requests under way end
    });
  }
}

/** What was seen of a connection when it was last looked at. */
interface Seen {
  readonly socket: TLSSocket;
  readonly connection: Connection;
  lastStream: number;
  wasQuiet: boolean;
}
