/** From a pipeline's outcome to an HTTP answer: headers that every answer has, warnings, compression. */

import { promisify } from "node:util";
import { constants, gzip } from "node:zlib";
import type { OutgoingHttpHeaders } from "node:http";
import type { Outcome } from "../pipeline/pipeline.ts";
import type { WholeAnswer } from "../pipeline/answer.ts";
import type { Exchange } from "./exchange.ts";

const compress = promisify(gzip);

/** Smaller answers are not worth the time (upstream's threshold), and upstream's level is the fastest. */
const COMPRESS_FROM = 128 * 1024;
const LEVEL = constants.Z_BEST_SPEED;

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
export async function sendAnswer(
  exchange: Exchange,
  answer: WholeAnswer,
  headers: OutgoingHttpHeaders,
): Promise<number> {
  const { code, type = "application/json" } = answer;
  const bytes = answer.bytes ?? bytesOf(answer.value); // `value` may have to be made, and is not wanted when there are bytes
  if (code !== 304) headers["content-type"] = type;
  Object.assign(headers, answer.headers);
  if (bytes.length > COMPRESS_FROM) {
    headers["vary"] = "Accept-Encoding";
    if (acceptsGzip(exchange.headers["accept-encoding"])) {
      headers["content-encoding"] = "gzip";
      const compressed = await compress(bytes, { level: LEVEL });
      exchange.send(code, headers, compressed);
      return compressed.length;
    }
  }
  exchange.send(code, headers, bytes);
  return bytes.length;
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
