/** An HTTP/1.1 request as an exchange: for clients without HTTP/2, and before upgrades. */

import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import type { StreamTarget } from "../pipeline/answer.ts";
import { readBody } from "./body.ts";
import { cutUnlessClosed } from "./cut.ts";
import type { Connection, Exchange } from "./exchange.ts";

export class Http1Exchange implements Exchange {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly connection: Connection;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #abort: AbortController | undefined;

  constructor(request: IncomingMessage, response: ServerResponse, connection: Connection) {
    this.#request = request;
    this.#response = response;
    this.method = request.method ?? "GET";
    this.url = request.url ?? "/";
    this.headers = request.headers;
    this.connection = connection;
  }

  read(limit: number): Promise<Buffer> {
    return readBody(this.#request, this.headers["content-length"], limit);
  }

  get input(): Readable | undefined {
    const { "content-length": length = "0", "transfer-encoding": coding } = this.headers;
    return coding === undefined && length === "0" ? undefined : this.#request;
  }

  send(code: number, headers: OutgoingHttpHeaders, body: Buffer): void {
    if (this.#response.destroyed || this.#response.headersSent) return;
    this.#response.writeHead(code, { ...headers, "content-length": body.length });
    this.#response.end(body);
    if (!this.#request.readableEnded) this.#request.resume();
  }

  target(common: OutgoingHttpHeaders): StreamTarget {
    const response = this.#response;
    const closed = new Promise<void>((resolve) => {
      if (response.destroyed) resolve();
      else response.once("close", resolve);
    });
    return {
      closed,
      start(code, type, headers) {
        response.writeHead(code, { ...common, ...(type && { "content-type": type }), ...headers });
        response.flushHeaders();
      },
      write: (chunk) => response.destroyed || response.write(chunk),
      onDrain: (listener) => void response.on("drain", listener),
      end() {
        response.end();
        cutUnlessClosed(closed, () => response.destroy());
      },
      abort: () => void response.destroy(),
    };
  }

  get signal(): AbortSignal {
    if (!this.#abort) {
      const abort = (this.#abort = new AbortController());
      if (this.#response.destroyed) abort.abort();
      else this.#response.once("close", () => abort.abort());
    }
    return this.#abort.signal;
  }
}
