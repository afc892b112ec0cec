/**
 * Hands an upgrading connection through. The request's head goes on to the server behind under another path; when that agrees to the
 * other protocol, and not before, bytes go both ways: who was refused must not go on to talk to the server over our connection, which
 * trusts us (CVE-2018-1002105).
 */

import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import { request as httpRequest, STATUS_CODES } from "@knarr/std/http.ts";
import type { RawConnection, StreamTarget } from "../pipeline/answer.ts";
import { rawTarget } from "../http/upgrading.ts";
import { readWhole } from "../http/whole.ts";
import { definedHeaders } from "./headers.ts";
import type { Upstream } from "./upstream.ts";

export interface UpgradeRelay {
  readonly connection: RawConnection;
  readonly upstream: Upstream;
  readonly method: string;
  readonly path: string;
  /** Those to be passed on; what asks for the upgrade is added. */
  readonly headers: OutgoingHttpHeaders;
  fail(err: unknown, target: StreamTarget): void;
}

/** What asks for the other protocol, and is of the connection otherwise. */
const UPGRADING = ["connection", "upgrade", "http2-settings"];

export async function relayUpgrade(relay: UpgradeRelay): Promise<void> {
  const { connection, upstream, fail } = relay;
  try {
    const backend = await upstream.connect();
    connection.socket.once("close", () => backend.destroy());
    const { answer, head } = await ask(relay, backend);
    if (head) await join(connection, backend, answer, head);
    else await refused(connection, answer);
  } catch (err) {
    fail(err, rawTarget(connection.socket));
  }
}

/** `head` is what the server sent beyond its agreement; undefined when it did not agree. */
function ask(
  { connection, method, path, headers }: UpgradeRelay,
  backend: Duplex,
): Promise<{ readonly answer: IncomingMessage; readonly head?: Buffer }> {
  const asking = Object.fromEntries(UPGRADING.map((name) => [name, connection.headers[name]]));
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      method,
      path,
      headers: definedHeaders({ ...headers, ...asking }),
      createConnection: () => backend,
    });
    outgoing.once("upgrade", (answer, _, head) => resolve({ answer, head }));
    outgoing.once("response", (answer) => {
      if (answer.statusCode! >= 400) resolve({ answer });
      else reject(new Error(`invalid upgrade response: status code ${answer.statusCode}`));
    });
    outgoing.once("error", reject);
    outgoing.end();
  });
}

async function join(
  { socket, head: sent }: RawConnection,
  backend: Duplex,
  answer: IncomingMessage,
  head: Buffer,
): Promise<void> {
  socket.write(headOf(answer));
  if (head.length > 0) socket.write(head);
  if (sent.length > 0) backend.write(sent);
  // Two pipelines over the same two connections listen more than Node takes for a leak.
  for (const end of [socket, backend]) end.setMaxListeners(0);
  // One side's end ends the other's writing; an error on either ends both. Nobody is left to be told then.
  await Promise.allSettled([pipeline(socket, backend), pipeline(backend, socket)]);
  socket.destroy();
  backend.destroy();
}

/** A refusal is a sentence, or a page for people. */
const MOST_BYTES = 1 << 20;

/** The server's refusal is the client's, and the end of both connections. */
async function refused({ socket }: RawConnection, answer: IncomingMessage): Promise<void> {
  const body = await readWhole(answer, MOST_BYTES);
  const own = /^(connection|content-length|transfer-encoding)$/i;
  const lines = [`Content-Length: ${body.length}`, "Connection: close"];
  socket.end(Buffer.concat([headOf(answer, { without: own, lines }), body]));
}

/** As it came, name for name. */
function headOf(
  { statusCode = 500, statusMessage, rawHeaders }: IncomingMessage,
  { without, lines = [] }: { readonly without?: RegExp; readonly lines?: readonly string[] } = {},
): Buffer {
  const kept: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (!without?.test(rawHeaders[i]!)) kept.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  const first = `HTTP/1.1 ${statusCode} ${statusMessage || (STATUS_CODES[statusCode] ?? "")}`;
  return Buffer.from([first, ...kept, ...lines, "", ""].join("\r\n"), "latin1");
}
