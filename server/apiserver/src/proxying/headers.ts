/** Which headers go with a request that is passed on, and which come back with its answer. */

import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import type { ApiRequest } from "../pipeline/api-request.ts";

/** Of one connection only (RFC 9110 §7.6.1), whichever way they go. */
const OF_THE_CONNECTION = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
]);

/** Between the client and us: who it is was decided here, and nobody else may say it. */
const OURS = /^(?:authorization$|impersonate-|x-remote-)/;

/** What a server may not tell browsers about ours. */
const CORS = new Set(
  ["credentials", "headers", "methods", "origin"].map((name) => `access-control-allow-${name}`),
);

/** Headers of `request` that may be passed on, with the address that it came from added. */
export function passedOn({ headers, origin }: ApiRequest): OutgoingHttpHeaders {
  const passed: OutgoingHttpHeaders = {};
  const named = namedByConnection(headers);
  for (const [name, value] of Object.entries(headers))
    if (!name.startsWith(":") && !OF_THE_CONNECTION.has(name) && !named.has(name) && !OURS.test(name))
      passed[name] = value;
  passed["host"] = hostOf(headers);
  const address = origin.remoteAddress.replace(/^::ffff:/, "");
  const before = headers["x-forwarded-for"];
  if (address) passed["x-forwarded-for"] = before ? `${String(before)}, ${address}` : address;
  return passed;
}

export function passedBack(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const passed: OutgoingHttpHeaders = {};
  const named = namedByConnection(headers);
  for (const [name, value] of Object.entries(headers))
    if (!name.startsWith(":") && !OF_THE_CONNECTION.has(name) && !named.has(name) && !CORS.has(name))
      passed[name] = value;
  return passed;
}

/** The server that the client wanted: HTTP/2 has another name for it. */
export function hostOf(headers: IncomingHttpHeaders): string {
  return headers.host ?? String(headers[":authority"] ?? "");
}

/** `Connection` may name further headers that are of the connection only. */
function namedByConnection({ connection }: IncomingHttpHeaders): ReadonlySet<string> {
  return new Set(connection?.toLowerCase().split(/\s*,\s*/));
}

/** Whether the client asks for another protocol on this connection. */
export function isUpgrade({ connection, upgrade }: IncomingHttpHeaders): boolean {
  return upgrade !== undefined && (connection ?? "").toLowerCase().includes("upgrade");
}

/** Node takes no header without a value. */
export function definedHeaders(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
}
