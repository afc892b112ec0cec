/**
 * Joins a container's own streams through the runtime's streaming server, which is the only one that holds them. SPDY, because it can
 * end stdin alone: over WebSocket containerd could only end all streams at once.
 */

import type { Duplex, Readable, Writable } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import { request } from "@knarr/std/http.ts";
import { SpdyConnection } from "@knarr/streams/spdy/connection.ts";
import type { ProcessIo } from "../runtime-access.ts";

/** Resolves when the container's output ends; aborting lets go and resolves too. */
export async function attachStreams(url: string, io: ProcessIo, signal: AbortSignal): Promise<void> {
  const socket = await upgrade(url, signal);
  const connection = new SpdyConnection(socket, { role: "client" });
  const letGo = () => connection.destroy();
  signal.addEventListener("abort", letGo, { once: true });
  try {
    await converse(connection, io);
  } finally {
    signal.removeEventListener("abort", letGo);
    connection.destroy();
  }
}

async function converse(connection: SpdyConnection, io: ProcessIo): Promise<void> {
  const error = await connection.open({ streamtype: "error" });
  error.end();
  const resize = io.tty && io.resizes ? await connection.open({ streamtype: "resize" }) : undefined;
  const stdin = io.stdin && (await connection.open({ streamtype: "stdin" }));
  const stdout = io.stdout && (await connection.open({ streamtype: "stdout" }));
  const stderr = io.stderr && !io.tty ? await connection.open({ streamtype: "stderr" }) : undefined;
  const outputs = [copy(stdout, io.stdout), copy(stderr, io.stderr)];
  if (stdin) pipeline(io.stdin!, stdin).catch(() => {}); // the client or the container is gone: its output ends too
  if (resize) void sendSizes(resize, io.resizes!);
  const failure = readAll(error);
  await Promise.race([connection.closed, Promise.all([...outputs, failure])]);
  const message = await Promise.race([failure, connection.closed.then(() => "")]);
  const reason = message && reasonOf(message);
  if (reason) throw new Error(reason);
}

async function copy(from: Readable | undefined, to: Writable | undefined): Promise<void> {
  if (!from || !to) return;
  from.pipe(to);
  from.once("close", () => to.end()); // a stream cut off has no end of its own
  await finished(to, { readable: false }).catch(() => {}); // the client is gone
}

async function sendSizes(stream: Writable, sizes: NonNullable<ProcessIo["resizes"]>): Promise<void> {
  try {
    for await (const { width, height } of sizes)
      stream.write(JSON.stringify({ Width: width, Height: height }));
  } catch {
    // the client went: the terminal keeps its size
  }
}

async function readAll(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of stream) chunks.push(chunk as Buffer);
  } catch {
    // cut off with its connection: what came, came
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** The error stream carries a Status, also when all went well. */
function reasonOf(message: string): string {
  try {
    const status = JSON.parse(message) as { status?: string; message?: string };
    return status.status === "Success" ? "" : (status.message ?? message);
  } catch {
    return message;
  }
}

function upgrade(url: string, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const asking = request(url, {
      method: "POST",
      headers: {
        Connection: "Upgrade",
        Upgrade: "SPDY/3.1",
        "X-Stream-Protocol-Version": "v4.channel.k8s.io",
      },
      signal,
    });
    asking.once("upgrade", (_response, socket, head) => {
      if (head.length) socket.unshift(head);
      resolve(socket);
    });
    asking.once("response", (response) => {
      response.resume();
      reject(new Error(`Cannot attach: the container runtime answered ${response.statusCode}`));
    });
    asking.once("error", reject);
    asking.end();
  });
}
