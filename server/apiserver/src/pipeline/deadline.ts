/** Until when a request is worth working on: what the client asked for with `?timeout=5s`, within what the server gives. */

import { badRequest } from "@knarr/machinery/status.ts";
import { parseDuration } from "@knarr/machinery/time.ts";

/** Upstream's --request-timeout. */
const MAX_MS = 60_000;
/** Writes of one object have less. */
export const MAX_WRITE_MS = 34_000;

/** Milliseconds. Throws BadRequest for what is no duration. */
export function timeoutOf(query: URLSearchParams): number {
  const text = query.size > 0 && query.get("timeout");
  if (!text) return MAX_MS;
  let asked: number;
  try {
    asked = parseDuration(text) / 1e6;
  } catch (err) {
    throw badRequest(`invalid timeout specified in the request URL - ${(err as Error).message}`);
  }
  return asked > 0 ? Math.min(asked, MAX_MS) : MAX_MS;
}

const LONG_VERBS = new Set(["watch", "proxy"]);
const LONG_SUBRESOURCES = new Set(["attach", "exec", "proxy", "log", "portforward"]);

/** Requests that last as long as somebody looks on have no deadline. */
export function isLongRunning({
  verb,
  subresource,
}: {
  readonly verb: string;
  readonly subresource: string;
}): boolean {
  return LONG_VERBS.has(verb) || LONG_SUBRESOURCES.has(subresource);
}
