/**
 * What a handler gives back: one answer for both ways in. HTTP sends `bytes`; a client in this process takes `value`, which may
 * be frozen and shared.
 */

import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import type { Duplex } from "node:stream";
import type { ApiError } from "@knarr/machinery/status.ts";

export type Answer = WholeAnswer | StreamAnswer | UpgradeAnswer;

export interface WholeAnswer {
  readonly code: number;
  /** A JSON value. Without `bytes` it is written out as JSON. */
  readonly value?: unknown;
  readonly bytes?: Buffer;
  /** For long ones: the same bytes in pieces, made as the client takes them. */
  readonly pieces?: Iterable<Buffer> | undefined;
  /** Default `application/json`. */
  readonly type?: string;
  readonly headers?: OutgoingHttpHeaders;
}

/** An answer that goes on: watches, logs that follow. */
export interface StreamAnswer {
  /** Resolves when the answer is complete. A throw before `start` becomes an error answer. */
  stream(target: StreamTarget): Promise<void>;
}

/** The connection becomes something else (WebSocket, SPDY): bytes both ways from here on. */
export interface UpgradeAnswer {
  upgrade(connection: RawConnection): Promise<void>;
}

export interface StreamTarget {
  /** `type` is the Content-Type; undefined for an answer that has none. */
  start(code: number, type: string | undefined, headers?: OutgoingHttpHeaders): void;
  /** False: enough for now, `onDrain` will be called. */
  write(chunk: Buffer): boolean;
  onDrain(listener: () => void): void;
  end(): void;
  /** Cuts the answer short so that the client sees that it is not whole. */
  abort(): void;
  /** Resolves when the other side has gone or everything is sent. */
  readonly closed: Promise<void>;
}

/** An HTTP/1.1 request whose head was read and whose connection is ours now. */
export interface RawConnection {
  readonly method: string;
  readonly url: string;
  readonly httpVersion: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly socket: Duplex;
  /** What was read of the stream beyond the head. */
  readonly head: Buffer;
}

export function errorAnswer(err: ApiError): WholeAnswer {
  const after = err.details?.retryAfterSeconds;
  return { code: err.code, value: err.toJSON(), ...(after && { headers: { "retry-after": String(after) } }) };
}

export function textAnswer(code: number, text: string, type = "text/plain; charset=utf-8"): WholeAnswer {
  return { code, value: text, bytes: Buffer.from(text), type };
}

/** A metav1 Status that is no failure. */
export function successAnswer(code: number, details?: object): WholeAnswer {
  const status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" };
  return { code, value: { ...status, ...(details && { details }), ...(code !== 200 && { code }) } };
}
