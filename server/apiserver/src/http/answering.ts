/** From a pipeline's outcome to an HTTP answer: headers that every answer has, warnings, compression. */

import type { OutgoingHttpHeaders } from "node:http";
import type { Outcome } from "../pipeline/pipeline.ts";
import type { WholeAnswer } from "../pipeline/answer.ts";
import { compressed } from "./compression.ts";
import type { Exchange } from "./exchange.ts";
import { sendPieces } from "./send-pieces.ts";

/** Smaller answers are not worth the time (upstream's threshold). */
const COMPRESS_FROM = 128 * 1024;

export function commonHeaders(
  auditId: string,
  { warnings, flow }: Pick<Outcome, "warnings" | "flow">,
): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = { "audit-id": auditId, "cache-control": "no-cache, private" };
  if (flow) {
    headers["x-kubernetes-pf-flowschema-uid"] = flow.schema;
    headers["x-kubernetes-pf-prioritylevel-uid"] = flow.level;
  }
  if (warnings.length > 0) headers["warning"] = warningHeader(warnings);
  return headers;
}

/** Gives how many bytes of body were sent. */
export function sendAnswer(
  exchange: Exchange,
  answer: WholeAnswer,
  headers: OutgoingHttpHeaders,
): number | Promise<number> {
  const { code, type = "application/json" } = answer;
  if (code !== 304) headers["content-type"] = type;
  if (answer.headers) Object.assign(headers, answer.headers);
  const pieces = exchange.method === "HEAD" ? undefined : answer.pieces;
  if (pieces) return sendLong(exchange, code, { headers, pieces });
  const bytes = answer.bytes ?? bytesOf(answer.value); // `value` may have to be made, and is not wanted when there are bytes
  if (bytes.length > COMPRESS_FROM && exchange.method !== "HEAD")
    return sendLong(exchange, code, { headers, pieces: [bytes] });
  exchange.send(code, headers, bytes);
  return bytes.length;
}

async function sendLong(
  exchange: Exchange,
  code: number,
  { headers, pieces }: { readonly headers: OutgoingHttpHeaders; readonly pieces: Iterable<Buffer> },
): Promise<number> {
  headers["vary"] = "Accept-Encoding";
  const isCompressed = acceptsGzip(exchange.headers["accept-encoding"]);
  if (isCompressed) headers["content-encoding"] = "gzip";
  const sent = isCompressed ? await compressed(pieces) : pieces;
  const target = exchange.target(headers);
  target.start(code, undefined);
  return await sendPieces(target, sent);
}

function bytesOf(value: unknown): Buffer {
  return value === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(value));
}

function acceptsGzip(header: string | string[] | undefined): boolean {
  return header !== undefined && /(^|[\s,])(gzip|\*)/.test(String(header));
}

/** How much of warnings a client gets: proxies refuse larger headers. Upstream's numbers. */
const MAX_WARNINGS = 4 * 1024;
const MAX_WARNING = 256;

/** `299 - "text"`, one header with all (RFC 7234 §5.5). */
function warningHeader(warnings: readonly string[]): string {
  const quoted = (text: string): string =>
    `299 - "${text.replace(/[\u0000-\u001f\u007f]+/g, " ").replace(/["\\]/g, "\\$&")}"`;
  const all = warnings.map(quoted);
  const size = all.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  const chosen = size <= MAX_WARNINGS ? all : warnings.map((text) => quoted(text.slice(0, MAX_WARNING)));
  const header = chosen.join(", ");
  return Buffer.from(header, "utf8").toString("latin1");
}
