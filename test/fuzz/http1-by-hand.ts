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
  let end: ((answer: Tail) => boolean) | undefined;
  const tail = { length: 0, last: Buffer.alloc(0) };
  socket.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    tail.length += chunk.length;
    tail.last = Buffer.concat([tail.last, chunk]).subarray(-LAST_CHUNK.length);
    end ??= endOf(Buffer.concat(chunks), method);
    if (chunk.includes("101 Switching") || goesOn(path) || end?.(tail)) socket.destroy();
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

/** How long an answer is so far, and how it ends. */
interface Tail {
  length: number;
  last: Buffer;
}

/** How to know an HTTP/1.1 answer's end, for its connection may be kept for more; undefined before the end of its headers. */
function endOf(answer: Buffer, method: string): ((answer: Tail) => boolean) | undefined {
  const body = answer.indexOf("\r\n\r\n") + 4;
  if (body < 4) return undefined;
  const head = answer.subarray(0, body).toString("latin1");
  const length = /^content-length: (\d+)/im.exec(head)?.[1];
  if (method === "HEAD") return () => true;
  if (length !== undefined) return (tail) => tail.length >= body + Number(length);
  if (/^transfer-encoding: chunked/im.test(head)) return ({ last }) => last.equals(LAST_CHUNK);
  return () => false; // until it is closed
}
