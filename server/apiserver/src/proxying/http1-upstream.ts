/** A server that speaks HTTP/1.1, plain or over TLS: pods, endpoints of Services, nodes' agents. */

import { once } from "node:events";
import type { Agent as HttpAgent, RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect as connectPlain } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { joinHostPort } from "@knarr/machinery/addresses.ts";
import { request as httpRequest } from "@knarr/std/http.ts";
import { connectionProblem, isClosed } from "../webhooks/failure.ts";
import type { Upstream, UpstreamAnswer, UpstreamRequest } from "./upstream.ts";

const DIAL_MS = 10_000;

export interface Http1Options {
  readonly host: string;
  readonly port: number;
  /** How TLS is spoken there; without it, it is not. */
  readonly tls?: ConnectionOptions;
  /** Keeps connections; default: each request has one of its own. */
  readonly agent?: HttpAgent;
}

export class Http1Upstream implements Upstream {
  readonly authority: string;
  readonly scheme: "http" | "https";
  readonly #options: Http1Options;

  constructor(options: Http1Options) {
    this.#options = options;
    this.authority = joinHostPort(options.host, options.port);
    this.scheme = options.tls ? "https" : "http";
  }

  send(request: UpstreamRequest): Promise<UpstreamAnswer> {
    const { host, port, tls, agent } = this.#options;
    const { method, path, body, signal } = request;
    const headers = body ? withLength(request.headers) : request.headers;
    const options: RequestOptions = { host, port, method, path, headers, signal };
    return new Promise((resolve, reject) => {
      const outgoing = tls
        ? httpsRequest({ ...options, ...tls, agent: agent ?? false })
        : httpRequest({ ...options, agent: agent ?? false });
      outgoing.once("response", (answer) =>
        resolve({ code: answer.statusCode ?? 500, headers: answer.headers, body: answer }),
      );
      outgoing.on("error", (err) => {
        // A connection kept from before was closed at the other end meanwhile: that says nothing about this request.
        if (outgoing.reusedSocket && !body && !signal.aborted && isClosed(err)) resolve(this.send(request));
        else reject(this.#problem(err));
      });
      if (!body) outgoing.end();
      else {
        body.once("error", (err) => outgoing.destroy(err));
        body.pipe(outgoing);
      }
    });
  }

  async connect(): Promise<Duplex> {
    const { host, port, tls } = this.#options;
    const socket = tls
      ? connectTls({ ...tls, host, port, ALPNProtocols: ["http/1.1"] })
      : connectPlain({ host, port });
    socket.setTimeout(DIAL_MS, () => socket.destroy(new Error("i/o timeout")));
    try {
      await once(socket, tls ? "secureConnect" : "connect");
    } catch (err) {
      throw this.#problem(err as Error);
    }
    socket.setTimeout(0);
    socket.setNoDelay(true);
    return socket;
  }

  #problem(err: Error): Error {
    const { host, port } = this.#options;
    return new Error(connectionProblem(err, host, port), { cause: err });
  }
}

/** A body of unknown length comes in chunks, whatever the method. */
function withLength(headers: UpstreamRequest["headers"]): UpstreamRequest["headers"] {
  return "content-length" in headers ? headers : { ...headers, "transfer-encoding": "chunked" };
}
