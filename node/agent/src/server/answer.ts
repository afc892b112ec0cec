/** An answer that is no success: thrown by the handlers of the node's server, written where the request came from, as plain text. */

import type { ServerResponse } from "node:http";
import { STATUS_CODES } from "@knarr/std/http.ts";
import type { Duplex } from "node:stream";

export class HttpFailure extends Error {
  override readonly name = "HttpFailure";
  readonly code: number;

  constructor(code: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export function writeFailure(response: ServerResponse, { code, message }: HttpFailure): void {
  if (response.headersSent) return void response.destroy();
  response.writeHead(code, {
    "content-type": "text/plain; charset=utf-8",
    "x-content-type-options": "nosniff",
  });
  response.end(message);
}

/** To a request for an upgrade, for which there is no response object. */
export function refuseUpgrade(socket: Duplex, { code, message }: HttpFailure): void {
  socket.end(
    `HTTP/1.1 ${code} ${STATUS_CODES[code]}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n` +
      `Content-Length: ${Buffer.byteLength(message)}\r\n\r\n${message}`,
  );
}
