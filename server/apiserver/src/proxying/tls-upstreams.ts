/**
 * Servers that are spoken to over TLS in whichever HTTP they prefer. Many requests share a connection where it is HTTP/2, each connection takes
 * as many as its server allows, and one that lies idle is closed; one that is silent while somebody waits is asked whether it lives.
 *
 * One of these is for all addresses that are trusted the same and told the same about us.
 */

import { once } from "node:events";
import { connect as connectHttp2, constants, type ClientHttp2Session } from "node:http2";
import { Agent } from "node:https";
import type { Duplex } from "node:stream";
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from "node:tls";
import { joinHostPort } from "@knarr/machinery/addresses.ts";
import { connectionProblem } from "../webhooks/failure.ts";
import { Http1Upstream } from "./http1-upstream.ts";
import { isGone, sendOver } from "./http2-exchange.ts";
import type { Upstream, UpstreamAnswer, UpstreamRequest } from "./upstream.ts";

const DIAL_MS = 10_000;
const SILENCE_MS = 30_000;
const PING_MS = 15_000;
/** Connections that nobody uses are kept for so many silences. */
const IDLE_SILENCES = 3;

export class TlsUpstreams implements Disposable {
  readonly #tls: ConnectionOptions;
  readonly #agent: Agent;
  readonly #byAuthority = new Map<string, TlsUpstream>();

  constructor(tls: ConnectionOptions) {
    this.#tls = tls;
    this.#agent = new Agent({ ...tls, keepAlive: true, timeout: SILENCE_MS * IDLE_SILENCES });
  }

  at(host: string, port: number): Upstream {
    const make = (): TlsUpstream => new TlsUpstream(host, port, this.#tls, this.#agent);
    return this.#byAuthority.getOrInsertComputed(joinHostPort(host, port), make);
  }

  /** No new requests will come: connections end when what is under way on them has ended. */
  retire(): void {
    for (const sockets of Object.values(this.#agent.freeSockets))
      for (const socket of sockets ?? []) socket.destroy();
    for (const upstream of this.#byAuthority.values()) upstream.retire();
  }

  /** Ends all connections and what is under way on them. */
  [Symbol.dispose](): void {
    this.#agent.destroy();
    for (const upstream of this.#byAuthority.values()) upstream[Symbol.dispose]();
  }
}

class TlsUpstream implements Upstream, Disposable {
  readonly authority: string;
  readonly scheme = "https";
  readonly #host: string;
  readonly #port: number;
  readonly #tls: ConnectionOptions;
  readonly #http1: Http1Upstream;
  readonly #sessions = new Set<Session>();
  #speaksHttp1 = false;
  #dialling: Promise<Session | undefined> | undefined;

  constructor(host: string, port: number, tls: ConnectionOptions, agent: Agent) {
    this.#host = host;
    this.#port = port;
    this.#tls = tls;
    this.authority = joinHostPort(host, port);
    this.#http1 = new Http1Upstream({ host, port, tls, agent });
  }

  async send(request: UpstreamRequest): Promise<UpstreamAnswer> {
    for (;;) {
      const known = this.#free();
      const session = known ?? (await this.#dial(request.signal));
      if (!session) return this.#http1.send(request);
      try {
        return await session.send(request);
      } catch (err) {
        // A connection kept from before was closed at the other end meanwhile: that says nothing about this request.
        const mayRepeat = known && !request.body && !request.signal.aborted && isGone(err as Error);
        if (!mayRepeat) throw this.#problem(err as Error);
      }
    }
  }

  connect(): Promise<Duplex> {
    return this.#http1.connect();
  }

  retire(): void {
    for (const session of this.#sessions) session.retire();
  }

  [Symbol.dispose](): void {
    for (const session of this.#sessions) session[Symbol.dispose]();
  }

  #free(): Session | undefined {
    for (const session of this.#sessions) if (session.isFree) return session;
    return undefined;
  }

  /** Undefined for a server that speaks HTTP/1.1. */
  async #dial(signal: AbortSignal): Promise<Session | undefined> {
    if (this.#speaksHttp1) return undefined;
    // Those who come together share the connection while it has room.
    if (this.#dialling) {
      await this.#dialling.catch(() => {}); // told to the one who dials
      return this.#free() ?? this.#dial(signal);
    }
    signal.throwIfAborted();
    this.#dialling = this.#open();
    try {
      return await this.#dialling;
    } catch (err) {
      throw this.#problem(err as Error);
    } finally {
      this.#dialling = undefined;
    }
  }

  async #open(): Promise<Session | undefined> {
    const socket = connectTls({
      ...this.#tls,
      host: this.#host,
      port: this.#port,
      ALPNProtocols: ["h2", "http/1.1"],
    });
    socket.setTimeout(DIAL_MS, () => socket.destroy(new Error("i/o timeout")));
    await once(socket, "secureConnect");
    socket.setTimeout(0);
    if (socket.alpnProtocol !== "h2") {
      this.#speaksHttp1 = true;
      socket.destroy();
      return undefined;
    }
    const session = new Session(this.authority, socket, () => this.#sessions.delete(session));
    this.#sessions.add(session);
    return session;
  }

  #problem(err: Error): Error {
    return new Error(connectionProblem(err, this.#host, this.#port), { cause: err });
  }
}

/** One connection. */
class Session implements Disposable {
  readonly #session: ClientHttp2Session;
  #streams = 0;
  #silences = 0;

  constructor(authority: string, socket: TLSSocket, closed: () => void) {
    const session = connectHttp2(`https://${authority}`, { createConnection: () => socket });
    this.#session = session;
    session.on("error", () => {}); // its requests learn by themselves
    session.once("close", closed);
    session.once("goaway", closed);
    session.setTimeout(SILENCE_MS, () => this.#onSilence());
    session.unref(); // who waits for an answer holds the process
  }

  get isFree(): boolean {
    const { closed, destroyed, remoteSettings } = this.#session;
    const max = remoteSettings?.maxConcurrentStreams ?? Infinity;
    return !closed && !destroyed && this.#streams < max;
  }

  send(request: UpstreamRequest): Promise<UpstreamAnswer> {
    this.#streams++;
    this.#silences = 0;
    return sendOver(this.#session, request, () => this.#streams--);
  }

  retire(): void {
    this.#session.close();
  }

  [Symbol.dispose](): void {
    this.#session.destroy();
  }

  #onSilence(): void {
    if (this.#streams === 0 && ++this.#silences >= IDLE_SILENCES) return this.#session.close();
    const timer = setTimeout(() => this.#session.destroy(undefined, constants.NGHTTP2_CANCEL), PING_MS);
    this.#session.ping(() => clearTimeout(timer));
  }
}
