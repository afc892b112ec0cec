/** An HTTP/2 stream as an exchange: the raw stream API, which costs a third of Node's compatibility layer. */

import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { OutgoingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import { endWith } from "@knarr/std/end-with.ts";
import type { StreamTarget } from "../pipeline/answer.ts";
import { readBody } from "./body.ts";
import { cutUnlessClosed } from "./cut.ts";
import type { Connection, Exchange } from "./exchange.ts";

export class Http2Exchange implements Exchange {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly connection: Connection;
  readonly #stream: ServerHttp2Stream;
  #abort: AbortController | undefined;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, connection: Connection) {
    this.#stream = stream;
    this.method = headers[":method"] ?? "GET";
    this.url = headers[":path"] ?? "/";
    this.headers = headers;
    this.connection = connection;
    stream.on("error", ignore); // a stream the client resets; what waits for it learns by `close`
  }

  read(limit: number): Promise<Buffer> {
    return readBody(this.#stream, this.headers["content-length"], limit);
  }

  get input(): Readable | undefined {
    return this.#stream.endAfterHeaders ? undefined : this.#stream;
  }

  /** `headers` are used up. */
  send(code: number, headers: OutgoingHttpHeaders, body: Buffer): void {
    const stream = this.#stream;
    if (stream.destroyed || stream.headersSent) return;
    const isBare = body.length === 0 || this.method === "HEAD";
    headers[":status"] = code;
    stream.respond(headers, { endStream: isBare });
    // The rest of a body that nobody reads would keep the stream open.
    if (!stream.endAfterHeaders && !stream.readableEnded) stream.resume();
    if (!isBare) endWith(stream, body);
  }

  target(common: OutgoingHttpHeaders): StreamTarget {
    const stream = this.#stream;
    const closed = new Promise<void>((resolve) => {
      if (stream.destroyed) resolve();
      else stream.once("close", resolve);
    });
    const { connection } = this;
    connection.goesOn++;
    void closed.then(() => connection.goesOn--); // never rejects
    return {
      closed,
      start(code, type, headers) {
        if (stream.destroyed) return;
        stream.respond({ ...common, ...(type && { "content-type": type }), ...headers, ":status": code });
        // Who passes the body on reads it at its own pace.
        if (stream.readableFlowing === null) stream.resume();
      },
      write: (chunk) => stream.destroyed || stream.write(chunk),
      onDrain: (listener) => void stream.on("drain", listener),
      end() {
        stream.end();
        cutUnlessClosed(closed, () => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
      },
      abort: () => void stream.close(constants.NGHTTP2_INTERNAL_ERROR),
    };
  }

  get signal(): AbortSignal {
    if (!this.#abort) {
      const abort = (this.#abort = new AbortController());
      if (this.#stream.destroyed) abort.abort();
      else this.#stream.once("close", () => abort.abort());
    }
    return this.#abort.signal;
  }
}

const ignore = (): void => {};
