/**
 * The sockets: HTTP/2 and HTTP/1.1 over TLS on one port. Client certificates are asked for and not required; who they are is decided in
 * authentication, because a wrong one must be answered with 401 and not with a broken connection.
 */

import { randomUUID } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import {
  createSecureServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { SecureContextOptions, TLSSocket } from "node:tls";
import { IncomingMessage as Http1Message } from "@knarr/std/http.ts";
import { keepStreamsApart } from "@knarr/std/open-streams.ts";
import { keepWritablesYoung } from "@knarr/std/young-writables.ts";
import { CONNECTION_LIMITS, Sessions, type ConnectionLimits } from "./connection-limits.ts";
import type { Connection, Exchange } from "./exchange.ts";
import { Http1Exchange } from "./http1-exchange.ts";
import { Http2Exchange } from "./http2-exchange.ts";
import { HttpService } from "./service.ts";

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
  /** PEM of authorities whose certificates clients are asked for. */
  readonly clientAuthorities: readonly string[];
  /** Default: upstream's. */
  readonly limits?: ConnectionLimits;
  /** A client and this server could not agree on a connection. */
  onHandshakeError?(): void;
}

/** What stays when the server's own certificate is renewed: Node forgets all that it is not told again. */
type Trust = Pick<SecureContextOptions, "ca" | "minVersion">;

/** As upstream and golang.org/x/net/http2 by default in apiserver. */
const MAX_STREAMS = 250;
const WINDOW_BYTES = 256 * 1024;
/** Megabytes a connection may hold; Node's 10 refuse streams of a busy client that also reads long lists. */
const SESSION_MEGABYTES = 128;
/** As Go has it: selectors make long lines, and Node's 16 KB end early. */
const MAX_HEADER_BYTES = 1 << 20;
/** As Go: the kernel asks a silent connection of either version whether its client is there. */
const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelay: 15_000 };
/** How long requests may take to end when the server stops. */
const GRACE_MS = 5000;

export class Listener implements AsyncDisposable {
  readonly #server: Http2SecureServer;
  readonly #trust: Trust;
  readonly #sessions: Sessions;
  readonly #sockets = new Set<TLSSocket>();
  readonly #connections = new WeakMap<object, Connection>();
  readonly #service: HttpService;

  private constructor(
    { server, trust }: { readonly server: Http2SecureServer; readonly trust: Trust },
    service: HttpService,
    limits: ConnectionLimits,
  ) {
    this.#server = server;
    this.#trust = trust;
    this.#service = service;
    this.#sessions = new Sessions(limits);
  }

  /** Throws what the system says when the port cannot be had. */
  static async open(options: ListenerOptions, service: HttpService): Promise<Listener> {
    const { limits = CONNECTION_LIMITS } = options;
    keepWritablesYoung();
    const trust: Trust = { ca: [...options.clientAuthorities], minVersion: "TLSv1.2" };
    const server = createSecureServer({
      allowHTTP1: true,
      cert: options.certificate,
      key: options.key,
      ...trust,
      requestCert: true,
      rejectUnauthorized: false,
      settings: { maxConcurrentStreams: MAX_STREAMS, initialWindowSize: WINDOW_BYTES },
      maxSessionMemory: SESSION_MEGABYTES,
      handshakeTimeout: limits.handshakeMs,
      ...KEEP_ALIVE,
      ...http1Options(limits),
    });
    const listener = new Listener({ server, trust }, service, limits);
    listener.#attend(options.onHandshakeError ?? (() => {}));
    server.listen(options.port, options.host);
    await once(server, "listening");
    return listener;
  }

  get address(): AddressInfo {
    return this.#server.address() as AddressInfo;
  }

  /** A new serving certificate for connections from now on. */
  renew(certificate: string, key: string): void {
    this.#server.setSecureContext({ ...this.#trust, cert: certificate, key });
  }

  #attend(onHandshakeError: () => void): void {
    const server = this.#server;
    server.on("request", (request: unknown, response: unknown) =>
      this.#onRequest(request as IncomingMessage, response as ServerResponse),
    );
    // Node has just hung its compatibility layer on `stream`; it is for HTTP/1.1 alone here.
    server.removeAllListeners("stream");
    server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
      const { session } = stream;
      if (!session) return;
      this.#serve(
        new Http2Exchange(stream, headers, this.#connectionOf(session, session.socket as TLSSocket)),
      );
    });
    server.on("session", (session: ServerHttp2Session) => {
      keepStreamsApart(session);
      this.#sessions.add(session, this.#connectionOf(session, session.socket as TLSSocket));
      session.on("error", () => {}); // clients come and go; their requests learn by themselves
    });
    server.on("secureConnection", (socket: TLSSocket) => {
      socket.setNoDelay(true);
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      socket.on("error", () => {}); // as above
    });
    // Node hands over the connection of a CONNECT, too; there is no such verb, and upstream says so.
    for (const event of ["upgrade", "connect"])
      server.on(event, (request: IncomingMessage, socket: Duplex, head: Buffer) => {
        if (!(request instanceof Http1Message)) return; // a CONNECT of HTTP/2, whose stream has come already
        const connection = this.#connectionOf(request.socket, request.socket as TLSSocket);
        void this.#service.upgrade(request, socket, head, connection);
      });
    server.on("tlsClientError", onHandshakeError); // port scans and clients that do not trust us
    server.on("sessionError", () => {});
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#connectionOf(request.socket, request.socket as TLSSocket);
    this.#serve(new Http1Exchange(request, response, connection));
  }

  #serve(exchange: Exchange): void {
    void this.#service.serve(exchange, auditIdOf(exchange.headers));
  }

  #connectionOf(key: object, socket: TLSSocket): Connection {
    let connection = this.#connections.get(key);
    if (!connection) {
      connection = {
        certificate: socket.getPeerX509Certificate()?.raw,
        remoteAddress: socket.remoteAddress ?? "",
        goesOn: 0,
      };
      this.#connections.set(key, connection);
    }
    return connection;
  }

  /** No new connections; requests under way may end; who still stays is cut. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close(); // idle connections, too
    const timer = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, GRACE_MS);
    await closed;
    clearTimeout(timer);
    this.#sessions[Symbol.dispose]();
  }
}

/** What Node's types know nothing of here. */
function http1Options({ headersMs, idleMs }: ConnectionLimits): object {
  return {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: headersMs,
    keepAliveTimeout: idleMs,
    connectionsCheckingInterval: Math.ceil(headersMs / 4),
  };
}

/** The client may give it, to find its requests in several servers' logs. */
export function auditIdOf(headers: IncomingHttpHeaders): string {
  const given = headers["audit-id"];
  return typeof given === "string" && /^[!-~]{1,128}$/.test(given) ? given : randomUUID();
}
