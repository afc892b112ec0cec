/**
 * One HTTP exchange, whatever the version of HTTP: what the pipeline's answer is written to.
 */

import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import type { StreamTarget } from "../pipeline/answer.ts";

export interface Exchange {
  readonly method: string;
  /** Path and query as they came. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** DER of the client's certificate, unverified. */
  readonly connection: Connection;
  /** The whole body. Throws ApiError RequestEntityTooLarge above `limit` bytes. */
  read(limit: number): Promise<Buffer>;
  /** The body as it comes, of any length, for those who pass it on; undefined when there is none. Never both this and `read`. */
  readonly input: Readable | undefined;
  /** A whole answer. */
  send(code: number, headers: OutgoingHttpHeaders, body: Buffer): void;
  /** An answer in parts; `headers` are those that every answer has. */
  target(headers: OutgoingHttpHeaders): StreamTarget;
  /** Aborts when the client has gone. Made only when somebody asks. */
  readonly signal: AbortSignal;
}

/** What is known of the connection and holds for all its requests. */
export interface Connection {
  readonly certificate: Buffer | undefined;
  readonly remoteAddress: string;
  /** Answers under way that go on, or that are read piece by piece. */
  goesOn: number;
}
