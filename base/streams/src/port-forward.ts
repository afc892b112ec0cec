/**
 * The server's side of port forwarding, over whatever the client speaks:
 *
 * - SPDY/3.1 `portforward.k8s.io`: for every connection of the client's a pair of streams, `streamtype` data and error, same `port`
 *   and `requestid`.
 * - The same SPDY inside binary WebSocket messages: `SPDY/3.1+portforward.k8s.io` (kubectl since 1.31).
 * - Plain WebSocket (`v4.channel.k8s.io`, also in base64): ports are named in the request; the n-th has channels 2n (data) and 2n+1
 *   (error), and each starts with the port as two bytes, little end first.
 */

import type { IncomingMessage } from "node:http";
import { Duplex, type Writable } from "node:stream";
import { createWebSocketStream } from "ws";
import { acceptSpdy } from "./spdy/accept.ts";
import { SpdyConnection } from "./spdy/connection.ts";
import type { SpdyStream } from "./spdy/stream.ts";
import { acceptWebSocket, isWebSocket, requestedProtocols } from "./websocket/accept.ts";
import { ChannelConnection } from "./websocket/channels.ts";

/** Joins `data` with a port, until both sides are done. What it throws is told to the client. */
export type ForwardPort = (port: number, data: Duplex, signal: AbortSignal) => Promise<void>;

const PROTOCOL = "portforward.k8s.io";
const TUNNEL = `SPDY/3.1+${PROTOCOL}`;
const channelProtocols = ["v4.channel.k8s.io", "v4.base64.channel.k8s.io", ""];
const PAIR_TIMEOUT_MS = 30_000;

export interface PortForwardOptions {
  /** From the query; only plain WebSocket clients name them there. */
  readonly ports: readonly number[];
  readonly forward: ForwardPort;
}

/** Serves one client, until it leaves. */
export async function servePortForward(
  request: IncomingMessage,
  transport: Duplex,
  head: Buffer,
  { ports, forward }: PortForwardOptions,
): Promise<void> {
  if (!isWebSocket(request)) {
    const accepted = acceptSpdy(request, transport, head, { protocols: [PROTOCOL], fallback: PROTOCOL });
    if (accepted !== undefined) await serveSpdy(transport, forward);
    return;
  }
  const isTunnel = requestedProtocols(request).includes(TUNNEL);
  const accepted = await acceptWebSocket(request, transport, head, isTunnel ? [TUNNEL] : channelProtocols);
  if (!accepted) return;
  if (isTunnel) return await serveSpdy(createWebSocketStream(accepted.socket), forward);
  const encoding = accepted.protocol.includes("base64") ? "base64" : "binary";
  await serveChannels(new ChannelConnection(accepted.socket, { encoding, canEnd: false }), ports, forward);
}

interface Pair {
  data?: SpdyStream;
  error?: SpdyStream;
  timer?: NodeJS.Timeout;
}

async function serveSpdy(transport: Duplex, forward: ForwardPort): Promise<void> {
  const pairs = new Map<string, Pair>();
  const gone = new AbortController();
  const connection = new SpdyConnection(transport, {
    role: "server",
    onStream(stream) {
      const { type, id } = announcementOf(stream);
      stream.on("error", () => {}); // is seen as the end of the stream
      const pair = pairs.get(id) ?? {};
      if (pair[type]) throw new Error(`${type} stream already assigned`);
      pair[type] = stream;
      pairs.set(id, pair);
      pair.timer ??= setTimeout(() => {
        pairs.delete(id);
        pair.data?.destroy();
        pair.error?.end("timed out waiting for streams");
      }, PAIR_TIMEOUT_MS);
      if (type === "error") stream.resume(); // nothing comes but its end
      if (!pair.data || !pair.error) return;
      clearTimeout(pair.timer);
      pairs.delete(id);
      void runPair(pair.data, pair.error, forward, gone.signal);
    },
  });
  await connection.closed;
  gone.abort(new Error("The client closed the connection"));
  for (const { timer } of pairs.values()) clearTimeout(timer);
}

/** Throws for streams that are not announced as they must be, which refuses them. */
function announcementOf({ id, headers }: SpdyStream): { type: "data" | "error"; id: string } {
  portOf(headers.get("port") ?? "");
  const type = headers.get("streamtype") ?? "";
  if (type !== "data" && type !== "error") throw new Error(`invalid stream type "${type}"`);
  // Clients before 1.2 did not number their requests, and opened the error stream just before the data stream.
  return { type, id: headers.get("requestid") ?? String(type === "error" ? id : id - 2) };
}

export function portOf(text: string): number {
  if (text === "") throw new RangeError('"port" header is required');
  const port = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(port <= 65535)) throw new RangeError(`unable to parse "${text}" as a port`);
  if (port < 1) throw new RangeError(`port "${text}" must be > 0`);
  return port;
}

/** Never rejects: what goes wrong is for the client. */
async function runPair(
  data: SpdyStream,
  error: SpdyStream,
  forward: ForwardPort,
  signal: AbortSignal,
): Promise<void> {
  const port = portOf(data.headers.get("port")!);
  try {
    await forward(port, data, signal);
    error.end();
  } catch (err) {
    error.end(`error forwarding port ${port} to pod: ${(err as Error).message}`);
    // So that the client closes its own connection, rather than waiting for what will never come.
    data.destroy();
  }
}

async function serveChannels(
  connection: ChannelConnection,
  ports: readonly number[],
  forward: ForwardPort,
): Promise<void> {
  const gone = new AbortController();
  connection.closed.then(() => gone.abort(new Error("The client closed the connection")));
  const all = ports.map(async (port, index) => {
    const readable = connection.readable(index * 2);
    const writable = connection.writable(index * 2);
    // These clients cannot end what they send, so it ends with what they get.
    writable.once("finish", () => readable.push(null));
    const data: Duplex = Duplex.from({ readable, writable } as never); // as documented; its types know one half at a time
    const error: Writable = connection.writable(index * 2 + 1);
    const head = Buffer.from([port & 255, port >> 8]);
    data.write(head);
    error.write(head);
    try {
      await forward(port, data, gone.signal);
    } catch (err) {
      error.end(`error forwarding port ${port} to pod: ${(err as Error).message}`);
    }
  });
  await Promise.all(all);
  await connection.close();
}
