/**
 * A server that requests are passed on to: what proxying needs of it, whatever protocol it speaks and however it is found.
 */

import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import type { Duplex, Readable } from "node:stream";

export interface Upstream {
  /** `host:port` as URLs have it. */
  readonly authority: string;
  readonly scheme: "http" | "https";
  /** One request; resolves with the head of the answer. Rejects with an Error in the words that upstream's client has for it. */
  send(request: UpstreamRequest): Promise<UpstreamAnswer>;
  /** A connection of its own that speaks HTTP/1.1, for what follows an upgrade. Rejects as above. */
  connect(): Promise<Duplex>;
}

export interface UpstreamRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Without those of the connection; `host` is in it. */
  readonly headers: OutgoingHttpHeaders;
  readonly body?: Readable | undefined;
  readonly signal: AbortSignal;
}

export interface UpstreamAnswer {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  /** Must be read or destroyed. */
  readonly body: Readable;
}
