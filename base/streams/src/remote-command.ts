/**
 * The server's side of exec and attach, over whatever the client speaks: WebSocket (`v5.`, `v4.` and plain `channel.k8s.io`, the
 * older two also in base64) or SPDY/3.1 (`v4.` down to plain `channel.k8s.io`).
 *
 *     channel  0 stdin   1 stdout   2 stderr   3 error (how it ended)   4 resize (JSON, one size after the other)
 *
 * What a caller gets is streams, a signal that aborts when the client is gone, and `finish`, which tells how it ended: from v4 on as a
 * JSON Status with the exit code, before as text and only if it failed. stdin ends when the client ends it (v5 and SPDY); older
 * WebSocket clients cannot.
 */

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { channels, endOf, outcomeText, sizesOf, type RemoteCommand, type StreamsWanted } from "./command.ts";
import { acceptRemoteSpdy } from "./remote-command-spdy.ts";
import { acceptWebSocket, isWebSocket } from "./websocket/accept.ts";
import { ChannelConnection } from "./websocket/channels.ts";

const webSocketProtocols = [
  "v5.channel.k8s.io",
  "v4.channel.k8s.io",
  "v4.base64.channel.k8s.io",
  "channel.k8s.io",
  "base64.channel.k8s.io",
  "",
];

/** Undefined when the client was told that it cannot be, or left. */
export async function acceptRemoteCommand(
  request: IncomingMessage,
  transport: Duplex,
  head: Buffer,
  wanted: StreamsWanted,
): Promise<RemoteCommand | undefined> {
  if (!isWebSocket(request)) return await acceptRemoteSpdy(request, transport, head, wanted);
  const accepted = await acceptWebSocket(request, transport, head, webSocketProtocols);
  if (!accepted) return undefined;
  const { socket, protocol } = accepted;
  const connection = new ChannelConnection(socket, {
    encoding: protocol.includes("base64") ? "base64" : "binary",
    canEnd: protocol.startsWith("v5."),
  });
  // Tells the client that the connection stands; upstream's tests wait for it.
  const first = wanted.stdout ? channels.stdout : wanted.stderr ? channels.stderr : channels.error;
  connection.send(first, Buffer.alloc(0));
  return commandOver(connection, wanted, /^v[45]\./.test(protocol));
}

function commandOver(
  connection: ChannelConnection,
  wanted: StreamsWanted,
  hasStatus: boolean,
): RemoteCommand {
  const gone = new AbortController();
  connection.closed.then(() => gone.abort(new Error("The client closed the connection")));
  const stdout = wanted.stdout ? connection.writable(channels.stdout) : undefined;
  const stderr = wanted.stderr ? connection.writable(channels.stderr) : undefined;
  return {
    ...(wanted.stdin && { stdin: connection.readable(channels.stdin) }),
    ...(stdout && { stdout }),
    ...(stderr && { stderr }),
    ...(wanted.tty && { resizes: sizesOf(connection.readable(channels.resize)) }),
    tty: wanted.tty,
    signal: gone.signal,
    async finish(outcome) {
      await Promise.all([endOf(stdout), endOf(stderr)]);
      const text = outcomeText(outcome, hasStatus);
      if (text) connection.send(channels.error, Buffer.from(text));
      await connection.close();
    },
  };
}
