/**
 * One stream of bytes over a WebSocket, one way: how logs are read by clients that speak no HTTP streams. Sub-protocols
 * `binary.k8s.io`, `base64.binary.k8s.io`, or none (binary). What the client sends is not looked at.
 */

import type { IncomingMessage } from "node:http";
import { Writable, type Duplex, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { acceptWebSocket } from "./accept.ts";

const protocols = ["", "binary.k8s.io", "base64.binary.k8s.io"];

/** Sends all of `source`, then closes; gives up when the client does. */
export async function serveReader(
  request: IncomingMessage,
  transport: Duplex,
  head: Buffer,
  source: Readable,
): Promise<void> {
  const accepted = await acceptWebSocket(request, transport, head, protocols);
  if (!accepted) return void source.destroy();
  const { socket, protocol } = accepted;
  const isText = protocol.startsWith("base64.");
  socket.on("error", () => {}); // is followed by close
  socket.on("close", () => source.destroy());
  const sink = new Writable({
    write: (chunk: Buffer, _, done) =>
      socket.send(isText ? chunk.toString("base64") : chunk, { binary: !isText }, (err) => done(err)),
  });
  await pipeline(source, sink).catch(() => {}); // the client is gone, or the source broke: either way this is the end
  socket.close(1000);
}
