/** The server's side of a WebSocket handshake, with a choice of sub-protocols. No compression: what goes through is cut into small messages already. */

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";

export interface Accepted {
  readonly socket: WebSocket;
  /** Empty when the client named none. */
  readonly protocol: string;
}

export function isWebSocket(request: IncomingMessage): boolean {
  return /^websocket$/i.test(request.headers.upgrade ?? "");
}

/** What the client would like, in its order. */
export function requestedProtocols(request: IncomingMessage): string[] {
  return (request.headers["sec-websocket-protocol"] ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean);
}

const chosen = new WeakMap<IncomingMessage, string>();

const server = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: 32 << 20,
}).on("headers", (headers, request) => {
  const protocol = chosen.get(request);
  if (protocol) headers.push(`Sec-WebSocket-Protocol: ${protocol}`);
});

/**
 * Answers the handshake with the first protocol of the client that is among `protocols` ("" stands for none at all). Answers 403, and
 * gives undefined, if there is no such.
 */
export async function acceptWebSocket(
  request: IncomingMessage,
  transport: Duplex,
  head: Buffer,
  protocols: readonly string[],
): Promise<Accepted | undefined> {
  const requested = requestedProtocols(request);
  const protocol = (requested.length ? requested : [""]).find((name) => protocols.includes(name));
  if (protocol === undefined) {
    transport.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    return undefined;
  }
  // The protocol is our business alone: `ws` refuses names with a slash, and `SPDY/3.1+portforward.k8s.io` has one.
  delete request.headers["sec-websocket-protocol"];
  chosen.set(request, protocol);
  const { promise, resolve } = Promise.withResolvers<Accepted | undefined>();
  transport.once("close", () => resolve(undefined));
  server.handleUpgrade(request, transport, head, (socket) => resolve({ socket, protocol }));
  return await promise;
}
