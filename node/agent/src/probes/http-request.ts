/**
 * HTTP as probes and lifecycle hooks speak it: GET, nothing verified about certificates, one connection for each request, redirects
 * followed on the same host only. `httpGet` throws what the network threw; a status is never an error here.
 */

import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Container, HTTPGetAction } from "@knarr/kinds/generated/core-v1.ts";
import { joinHostPort } from "@knarr/machinery/addresses.ts";
import { request as httpRequest } from "@knarr/std/http.ts";
import { dialErrorText } from "./network-error.ts";
import { resolvePort } from "./port.ts";
import { MAX_OUTPUT_BYTES } from "./probe.ts";

export interface HttpRequest {
  readonly url: URL;
  readonly headers: OutgoingHttpHeaders;
}

export interface HttpAnswer {
  readonly status: number;
  /** At most 10 KiB of it. */
  readonly body: string;
}

/** The request that an action asks for. Throws RangeError for a port that is none. */
export function requestFor(
  action: HTTPGetAction,
  { container, podIP, userAgent }: { container: Container; podIP: string; userAgent: string },
): HttpRequest {
  const authority = joinHostPort(action.host || podIP, resolvePort(action.port, container));
  const scheme = (action.scheme ?? "HTTP").toLowerCase();
  return {
    url: urlOf(scheme, authority, action.path ?? "/"),
    headers: headersOf(action, authority, userAgent),
  };
}

/** A path that is no valid URL is passed on escaped, for the server to judge. */
function urlOf(scheme: string, authority: string, path: string): URL {
  const url = new URL(`${scheme}://${authority}/`);
  const [pathname, ...query] = (path.startsWith("/") ? path : `/${path}`).replace(/#.*$/s, "").split("?");
  url.pathname = pathname!;
  url.search = query.join("?");
  return url;
}

function headersOf(
  { httpHeaders = [] }: HTTPGetAction,
  authority: string,
  userAgent: string,
): OutgoingHttpHeaders {
  const headers = new Map<string, string[]>();
  for (const { name, value } of httpHeaders) {
    const key = canonicalName(name);
    headers.set(key, [...(headers.get(key) ?? []), value]);
  }
  if (!headers.has("User-Agent")) headers.set("User-Agent", [userAgent]);
  if (!headers.has("Accept")) headers.set("Accept", ["*/*"]);
  else if (headers.get("Accept")![0] === "") headers.delete("Accept");
  if (!headers.get("Host")?.[0]) headers.set("Host", [authority]);
  headers.set("Connection", ["close"]);
  return Object.fromEntries(
    [...headers].map(([name, values]) => [name, values.length === 1 ? values[0]! : values]),
  );
}

function canonicalName(name: string): string {
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}

const MAX_REDIRECTS = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Sends it, following redirects that stay on the host; the answer of one that does not is given as it is. */
export async function httpGet(
  wanted: HttpRequest,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const deadline = AbortSignal.timeout(timeoutMs);
  const either = AbortSignal.any([signal, deadline]);
  let current = wanted;
  for (let followed = 0; ; followed++) {
    const { status, body, location } = await once(current, either).catch((err: NodeJS.ErrnoException) => {
      signal.throwIfAborted();
      const why = deadline.aborted
        ? "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        : dialErrorText(err, current.url.host);
      throw new Error(`Get ${JSON.stringify(textOf(current))}: ${why}`, { cause: err });
    });
    const next = REDIRECTS.has(status) && location ? redirected(current, location) : undefined;
    if (!next || next.url.hostname !== wanted.url.hostname) return { status, body };
    if (followed + 1 >= MAX_REDIRECTS)
      throw new Error(`Get ${JSON.stringify(textOf(next))}: stopped after 10 redirects`);
    current = next;
  }
}

/** Where a redirect leads; a Host header that was asked for holds for relative ones, as in Go. */
function redirected({ url, headers }: HttpRequest, location: string): HttpRequest | undefined {
  if (!URL.canParse(location, url)) return undefined;
  const next = new URL(location, url);
  const isRelative = !/^[a-z][a-z0-9+.-]*:/i.test(location);
  return { url: next, headers: isRelative ? headers : { ...headers, Host: next.host } };
}

async function once(
  { url, headers }: HttpRequest,
  signal: AbortSignal,
): Promise<HttpAnswer & { readonly location: string | undefined }> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const options = { headers, agent: false as const, signal };
  const request =
    url.protocol === "https:"
      ? httpsRequest(url, { ...options, rejectUnauthorized: false })
      : httpRequest(url, options);
  request.on("response", resolve).on("error", reject).end();
  try {
    const response = await promise;
    const body = await start(response);
    return { status: response.statusCode!, body, location: response.headers.location };
  } finally {
    request.destroy();
  }
}

/** The beginning of the body. What comes after that is not waited for. */
async function start(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    if ((length += chunk.length) >= MAX_OUTPUT_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_OUTPUT_BYTES).toString();
}

/** The URL with its port, which URL's own text leaves away when it is the scheme's. */
function textOf({ url }: HttpRequest): string {
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return `${url.protocol}//${url.hostname}:${port}${url.pathname}${url.search}`;
}
