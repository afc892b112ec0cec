/** HTTP/1.1 written by hand, for requests that no client would send: other verbs, upgrades. */

import type { TLSSocket } from "node:tls";
import { goesOn, type FuzzRequest } from "./requests.ts";
import type { Reply } from "./target.ts";

const LAST_CHUNK = Buffer.from("0\r\n\r\n");

/** Over a connection of its own, which is closed after it. */
export async function sendByHand(
  socket: TLSSocket,
  { method, path, headers, body }: FuzzRequest,
): Promise<Reply> {
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  const all = {
    host: "127.0.0.1",
    connection: "close",
    ...headers,
    ...(body && { "content-length": String(body.length) }),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`, "latin1"));
  if (body) socket.write(body);
  const chunks: Buffer[] = [];
  let left: number | undefined;
  socket.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    left = Number.isFinite(left) ? left! - chunk.length : bytesLeft(Buffer.concat(chunks), method);
    if (chunk.includes("101 Switching") || goesOn(path) || left! <= 0) socket.destroy();
  });
  await closed;
  const text = Buffer.concat(chunks).toString();
  return {
    code: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0),
    text: text.slice(text.indexOf("\r\n\r\n") + 4),
    bytes: Buffer.alloc(0), // only what clients would ask is read as bytes
  };
}

/** What no client of HTTP/2 would send. */
export function isByHand({ method, headers }: FuzzRequest): boolean {
  return !/^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/.test(method) || "upgrade" in headers;
}

/** How much of an HTTP/1.1 answer is still to come: the connection may be kept for more. Undefined before the end of its headers. */
function bytesLeft(answer: Buffer, method: string): number | undefined {
  const end = answer.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  if (method === "HEAD") return 0;
  const head = answer.subarray(0, end).toString("latin1");
  const length = /^content-length: (\d+)/im.exec(head)?.[1];
  if (length !== undefined) return end + 4 + Number(length) - answer.length;
  if (/^transfer-encoding: chunked/im.test(head) && answer.subarray(-5).equals(LAST_CHUNK)) return 0;
  return Infinity; // until it is closed
}
