/** A request that asks to become another protocol, as an exchange: until it is let through, it may still be answered as HTTP. */

import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { Duplex } from "node:stream";
import { STATUS_CODES } from "@knarr/std/http.ts";
import type { RawConnection, StreamTarget } from "../pipeline/answer.ts";
import type { Connection, Exchange } from "./exchange.ts";

export class Upgrading implements Exchange {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly connection: Connection;
  readonly raw: RawConnection;
  readonly #socket: Duplex;

  constructor(request: IncomingMessage, socket: Duplex, head: Buffer, connection: Connection) {
    const { method = "GET", url = "/", headers, rawHeaders, httpVersion } = request;
    this.method = method;
    this.url = url;
    this.headers = headers;
    this.connection = connection;
    this.#socket = socket;
    this.raw = { method, url, httpVersion, headers, rawHeaders, socket, head };
    socket.on("error", () => {}); // the client has gone
  }

  /** Upgrades have no body. */
  async read(): Promise<Buffer> {
    return Buffer.alloc(0);
  }

  get input(): undefined {
    return undefined;
  }

  send(code: number, headers: OutgoingHttpHeaders, body: Buffer): void {
    this.#socket.end(
      Buffer.concat([headOf(code, { ...headers, "content-length": body.length, connection: "close" }), body]),
    );
  }

  /** Without a length: the end of the connection is the end of the answer. */
  target(common: OutgoingHttpHeaders): StreamTarget {
    return rawTarget(this.#socket, common);
  }

  get signal(): AbortSignal {
    const abort = new AbortController();
    this.#socket.once("close", () => abort.abort());
    return abort.signal;
  }
}

/** An HTTP/1.1 answer on a connection that Node no longer looks after. */
export function rawTarget(socket: Duplex, common: OutgoingHttpHeaders = {}): StreamTarget {
  return {
    closed: new Promise((resolve) => {
      if (socket.destroyed) resolve();
      else socket.once("close", resolve);
    }),
    start: (code, type, headers) =>
      void socket.write(
        headOf(code, {
          ...common,
          ...(type && { "content-type": type }),
          ...headers,
          connection: "close",
        }),
      ),
    write: (chunk) => socket.destroyed || socket.write(chunk),
    onDrain: (listener) => void socket.on("drain", listener),
    end: () => void socket.end(),
    abort: () => void socket.destroy(),
  };
}

function headOf(code: number, headers: OutgoingHttpHeaders): Buffer {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${String(value)}\r\n`],
  );
  return Buffer.from(`HTTP/1.1 ${code} ${STATUS_CODES[code] ?? ""}\r\n${lines.join("")}\r\n`, "latin1");
}
