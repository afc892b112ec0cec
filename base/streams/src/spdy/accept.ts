/** The server's side of an upgrade to SPDY/3.1, with a choice of what is spoken over it. */

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

const HEADER = "x-stream-protocol-version";

/**
 * Answers 101 and gives the protocol: the first of the client's that is among `protocols`, or `fallback` if the client names none.
 * Answers 403, and gives undefined, if there is no such.
 */
export function acceptSpdy(
  request: IncomingMessage,
  transport: Duplex,
  head: Buffer,
  { protocols, fallback }: { readonly protocols: readonly string[]; readonly fallback: string },
): string | undefined {
  const header = request.headers[HEADER] ?? "";
  const requested = (Array.isArray(header) ? header.join(",") : header)
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean);
  const protocol = requested.length ? requested.find((name) => protocols.includes(name)) : fallback;
  if (protocol === undefined) {
    const list = (names: readonly string[]) => `[${names.join(" ")}]`;
    const why = `unable to upgrade: unable to negotiate protocol: client supports ${list(requested)}, server accepts ${list(protocols)}`;
    const accepted = protocols.map((name) => `X-Accepted-Stream-Protocol-Versions: ${name}\r\n`).join("");
    transport.end(
      `HTTP/1.1 403 Forbidden\r\n${accepted}Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\nContent-Length: ${why.length}\r\n\r\n${why}`,
    );
    return undefined;
  }
  const named = requested.length ? `X-Stream-Protocol-Version: ${protocol}\r\n` : "";
  transport.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n${named}\r\n`,
  );
  if (head.length > 0) transport.unshift(head);
  return protocol;
}
