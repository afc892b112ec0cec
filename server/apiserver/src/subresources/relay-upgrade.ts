/**
 * Hands an upgrading connection through: the request's head goes on to the agent under another path, and from then on bytes go both ways. The
 * agent's answer, good or bad, is the client's.
 */

import { pipeline } from "node:stream/promises";
import { ApiError } from "@knarr/machinery/status.ts";
import type { RawConnection } from "../pipeline/answer.ts";
import type { NodeAddress, NodeConnections } from "./node-connections.ts";

/** Headers that are between the client and us. */
const OURS = new Set(["host", "authorization", "cookie", "content-length"]);

export async function relayUpgrade(
  nodes: NodeConnections,
  address: NodeAddress,
  path: string,
  connection: RawConnection,
): Promise<void> {
  const { socket, head, method, rawHeaders } = connection;
  let backend;
  try {
    backend = await nodes.connect(address);
  } catch (err) {
    refuse(connection, err);
    return;
  }
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${address.host}:${address.port}`];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    const lower = name.toLowerCase();
    if (OURS.has(lower) || lower.startsWith("impersonate-") || lower.startsWith("x-remote-")) continue;
    lines.push(`${name}: ${rawHeaders[i + 1]}`);
  }
  backend.write(`${lines.join("\r\n")}\r\n\r\n`);
  if (head.length > 0) backend.write(head);
  // Two pipelines over the same two connections listen more than Node takes for a leak.
  for (const end of [socket, backend]) end.setMaxListeners(0);
  // One side's end ends the other's writing; an error on either ends both. Nobody is left to be told then.
  await Promise.allSettled([pipeline(socket, backend), pipeline(backend, socket)]);
  socket.destroy();
  backend.destroy();
}

function refuse({ socket }: RawConnection, err: unknown): void {
  const failure = err instanceof ApiError ? err : new ApiError("InternalError", String(err));
  const body = Buffer.from(JSON.stringify(failure.toJSON()));
  socket.end(
    Buffer.concat([
      Buffer.from(
        `HTTP/1.1 ${failure.code} Error\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`,
      ),
      body,
    ]),
  );
}
