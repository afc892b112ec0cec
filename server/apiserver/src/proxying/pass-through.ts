/**
 * Passes a request on to another server, and its answer back: bodies both ways as they come, no faster than the other side takes them, and
 * for as long as both sides stay. What the answer says of its own addresses is moved to where the client sees them.
 */

import type { OutgoingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import { createGunzip, createInflateRaw } from "node:zlib";
import { readWhole } from "../http/whole.ts";
import type { Answer, StreamTarget } from "../pipeline/answer.ts";
import type { ApiRequest } from "../pipeline/api-request.ts";
import { hostOf, isUpgrade, passedBack, passedOn } from "./headers.ts";
import { relayUpgrade } from "./relay-upgrade.ts";
import { moved, movedHtml, type Place } from "./rewrite.ts";
import type { Upstream, UpstreamAnswer } from "./upstream.ts";

export interface Passage {
  readonly upstream: Upstream;
  /** Path there, escaped; the query is added. */
  readonly path: string;
  /** Default: the query as it came. */
  readonly search?: string;
  /** What our path has before theirs. */
  readonly prefix: string;
  /** Besides, and instead of, those of the request. */
  readonly headers?: OutgoingHttpHeaders;
  /** Scheme and host that the server is told, and that its addresses get. Default: none, so that they are the client's own. */
  readonly base?: { readonly scheme: string; readonly host: string };
  /** Not the client is sent elsewhere, but the server is refused. */
  readonly refusesRedirects?: boolean;
  /** Ends the request besides the client's leaving. */
  readonly signal?: AbortSignal;
  /** Answers for a server that could not be reached or asked. */
  fail(err: unknown, target: StreamTarget): void;
}

export function passThrough(request: ApiRequest, passage: Passage): Answer {
  const { upstream, path, search = request.origin.search, fail } = passage;
  const sent = { method: request.method, path: `${path}${search}`, headers: headersFor(request, passage) };
  if (isUpgrade(request.headers))
    return { upgrade: (connection) => relayUpgrade({ connection, upstream, ...sent, fail }) };
  return {
    async stream(out) {
      const leave = new AbortController();
      void out.closed.then(() => leave.abort());
      const signal = passage.signal ? AbortSignal.any([leave.signal, passage.signal]) : leave.signal;
      let answer;
      try {
        answer = await upstream.send({ ...sent, body: request.body.open(), signal });
      } catch (err) {
        if (!leave.signal.aborted) fail(err, out);
        return;
      }
      await passBack(answer, out, placeOf(request, passage));
    },
  };
}

function headersFor(request: ApiRequest, { upstream, path, prefix, base, headers }: Passage) {
  const { host } = base ?? {};
  return {
    ...passedOn(request),
    "x-forwarded-uri": `${prefix}${path}`,
    ...(base && { "x-forwarded-host": base.host, "x-forwarded-proto": base.scheme }),
    ...(host === upstream.authority && { host }),
    ...headers,
  };
}

interface Back extends Place {
  readonly refusesRedirects: boolean;
}

function placeOf({ headers }: ApiRequest, passage: Passage): Back {
  const { prefix, upstream, base, refusesRedirects = false } = passage;
  return {
    prefix,
    hosts: [upstream.authority, hostOf(headers)],
    ...(base && { base: `${base.scheme}://${base.host}` }),
    refusesRedirects,
  };
}

async function passBack(answer: UpstreamAnswer, out: StreamTarget, place: Back): Promise<void> {
  const { code, headers: given, body } = answer;
  const headers = passedBack(given);
  const type = given["content-type"];
  delete headers["content-type"];
  if (given.location !== undefined) {
    if (place.refusesRedirects && code >= 300 && code <= 399) return refuseRedirect(body, out);
    headers["location"] = moved(given.location, place);
  } else if (type?.split(";")[0]!.trim() === "text/html") {
    const plain = decoded(body, given["content-encoding"]);
    if (plain) return passHtml(plain, out, { code, type, headers, place });
  }
  out.start(code, type, headers);
  await relay(body, out);
}

function refuseRedirect(body: Readable, out: StreamTarget): void {
  body.destroy();
  out.start(502, undefined, {});
  out.write(Buffer.from("the backend attempted to redirect this request, which is not permitted"));
  out.end();
}

interface Html {
  readonly code: number;
  readonly type: string;
  readonly headers: OutgoingHttpHeaders;
  readonly place: Place;
}

/** Pages are read by people; one without an end is not for them, and must not fill our memory. */
const MOST_HTML = 32 << 20;

/** Whole: an address may be cut by the end of a chunk. */
async function passHtml(
  body: Readable,
  out: StreamTarget,
  { code, type, headers, place }: Html,
): Promise<void> {
  const whole = await readWhole(body, MOST_HTML);
  const html = Buffer.from(movedHtml(whole.toString(), place));
  const { "content-encoding": _, ...others } = headers;
  const isBare = whole.length === 0; // of a HEAD: the length is that of another answer
  out.start(code, type, isBare ? headers : { ...others, "content-length": html.length });
  if (!isBare) out.write(html);
  out.end();
}

/** Undefined for an encoding that we cannot read. */
function decoded(body: Readable, encoding: string | undefined): Readable | undefined {
  if (!encoding) return body;
  if (encoding === "gzip") return body.pipe(createGunzip());
  return encoding === "deflate" ? body.pipe(createInflateRaw()) : undefined;
}

/** Passes the body on, no faster than the client takes it. */
export async function relay(body: Readable, target: StreamTarget): Promise<void> {
  target.onDrain(() => body.resume());
  body.on("data", (chunk: Buffer) => {
    if (!target.write(chunk)) body.pause();
  });
  body.once("end", () => target.end());
  body.once("error", () => target.abort()); // the server has gone in the middle of it
  body.once("close", () => body.readableEnded || target.abort());
  await target.closed;
  body.destroy();
}

/** The path as it is sent: what would end it is escaped, too. */
export function escapedPath(path: string): string {
  return encodeURI(path).replace(/[?#]/g, encodeURIComponent);
}
