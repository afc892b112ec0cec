/**
 * HTTP/2 connections to one API server: opened when needed, shared by all requests, replaced when they break.
 *
 * Promises: a request never goes to a connection known to be closing; a connection that has died without saying so is noticed by
 * an unanswered ping within 45 s, which ends its streams with an error. After a failed attempt to connect the next one waits
 * (50 ms doubling to 5 s), so a server that is away is not hammered by everybody who wants something from it.
 */

import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";
import type { OutgoingHttpHeaders, SecureClientSessionOptions } from "node:http2";
import { Backoff } from "@knarr/std/backoff.ts";
import { realClock } from "@knarr/std/clock.ts";
import type { ClusterAccess } from "./access.ts";

const PING_EVERY_MS = 30_000;
const PING_TIMEOUT_MS = 15_000;
const CONNECT_TIMEOUT_MS = 10_000;
/** Streams on one connection; watches hold theirs for minutes. Servers allow 100 to 250. */
const STREAMS_PER_CONNECTION = 100;
/** One stream may have this much on the way: a large LIST must not wait for window updates. */
const STREAM_WINDOW = 4 << 20;
const CONNECTION_WINDOW = 32 << 20;

interface Connection {
  readonly session: ClientHttp2Session;
  streams: number;
  usable: boolean;
}

export class HttpConnections implements AsyncDisposable {
  readonly #access: ClusterAccess;
  readonly #connections = new Set<Connection>();
  readonly #backoff = new Backoff({ baseMs: 50, maxMs: 5_000 });
  #connecting: Promise<Connection> | undefined;
  #notBefore = 0;
  #closed = false;

  constructor(access: ClusterAccess) {
    this.#access = access;
  }

  /** A new stream with `headers` sent. The caller listens to it from then on, `error` included. */
  async open(headers: OutgoingHttpHeaders, endStream: boolean): Promise<ClientHttp2Stream> {
    const connection = this.#free() ?? (await (this.#connecting ??= this.#connect()));
    const stream = connection.session.request(headers, { endStream });
    connection.streams++;
    stream.once("close", () => connection.streams--);
    return stream;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const { session } of this.#connections) session.destroy();
  }

  #free(): Connection | undefined {
    for (const connection of this.#connections) {
      if (connection.usable && connection.streams < STREAMS_PER_CONNECTION) return connection;
    }
    return undefined;
  }

  async #connect(): Promise<Connection> {
    try {
      if (this.#closed) throw new Error(`Cannot connect to ${this.#access.server}: the transport is closed`);
      const wait = this.#notBefore - Date.now();
      if (wait > 0) await realClock.sleep(wait);
      const session = await handshake(this.#access);
      this.#backoff.forget("");
      return this.#keep(session);
    } catch (err) {
      this.#notBefore = Date.now() + this.#backoff.next("");
      throw err;
    } finally {
      this.#connecting = undefined;
    }
  }

  #keep(session: ClientHttp2Session): Connection {
    const connection: Connection = { session, streams: 0, usable: true };
    this.#connections.add(connection);
    session.on("goaway", () => (connection.usable = false));
    session.on("error", () => (connection.usable = false)); // each of its streams ends with the error too
    session.on("close", () => {
      connection.usable = false;
      clearInterval(pings);
      this.#connections.delete(connection);
    });
    const pings = setInterval(() => pingOrDestroy(session), PING_EVERY_MS);
    pings.unref();
    return connection;
  }
}

async function handshake(access: ClusterAccess): Promise<ClientHttp2Session> {
  const { server, ca, insecureSkipTlsVerify, tlsServerName } = access;
  const pair = typeof access.certificate === "function" ? await access.certificate() : access.certificate;
  const options: SecureClientSessionOptions = {
    ...(ca !== undefined && { ca }),
    ...(pair && { cert: pair.cert, key: pair.key }),
    ...(insecureSkipTlsVerify && { rejectUnauthorized: false }),
    ...(tlsServerName !== undefined && { servername: tlsServerName }),
    settings: { initialWindowSize: STREAM_WINDOW, enablePush: false },
  };
  return new Promise((resolve, reject) => {
    const session = connect(new URL(server).origin, options);
    const timeout = setTimeout(
      () => fail(new Error(`the server did not answer within ${CONNECT_TIMEOUT_MS / 1000} s`)),
      CONNECT_TIMEOUT_MS,
    );
    const fail = (cause: Error) => {
      clearTimeout(timeout);
      session.destroy();
      reject(new Error(`Cannot connect to ${server}: ${cause.message}`, { cause }));
    };
    session.once("error", fail);
    session.once("connect", () => {
      clearTimeout(timeout);
      session.off("error", fail);
      session.setLocalWindowSize(CONNECTION_WINDOW);
      resolve(session);
    });
  });
}

/** A peer that vanished without closing answers no ping; its streams would otherwise wait for ever. */
function pingOrDestroy(session: ClientHttp2Session): void {
  if (session.destroyed || session.closed) return;
  const timeout = setTimeout(
    () => session.destroy(new Error("the server answered no ping"), constants.NGHTTP2_CANCEL),
    PING_TIMEOUT_MS,
  );
  timeout.unref();
  session.ping(() => clearTimeout(timeout));
}
