/**
 * Continue tokens: where a list goes on, and of which revision it is. Upstream's form, base64url of JSON:
 *
 *     {"v":"meta.k8s.io/v1","rv":1234,"start":"web-7\u0000"}
 *
 * `start` is relative to what was listed (all namespaces, or one), and the null makes it the first key after the one named.
 */

import { badRequest, expired, type ApiError } from "@knarr/machinery/status.ts";

const VERSION = "meta.k8s.io/v1";

export function encodeContinue(revision: number, lastKey: string): string {
  return tokenOf(revision, `${lastKey}\0`);
}

/** Throws BadRequest in upstream's words. */
export function decodeContinue(token: string): { readonly revision: number; readonly start: string } {
  const refused = (why: string) => badRequest(`invalid continue token: continue key is not valid${why}`);
  const text = decodeBase64(token);
  if (typeof text !== "string") throw refused(`: illegal base64 data at input byte ${text.at}`);
  const { v, rv, start } = parse(text, refused);
  if (v !== VERSION) throw refused(`: server does not recognize this encoded version ${v ?? ""}`);
  if (!rv) throw refused(": incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
  if (!start) throw refused(": encoded start key empty (version meta.k8s.io/v1)");
  // Nobody may climb out of what was listed.
  const key = start.startsWith("/") ? start : `/${start}`;
  if (/\/\/|\/\.{1,2}(\/|$)|.\/$/.test(key)) throw refused(`: ${start}`);
  return { revision: rv, start: key.slice(1) };
}

/** 410 for a list that cannot go on as it was, with a token to go on as things are now. */
export function expiredContinue(start: string): ApiError {
  return expired(
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without " +
      "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. " +
      "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or " +
      "deleted between the time the first chunk was returned and now may show up in the list.",
    { continue: tokenOf(-1, start) },
  );
}

function tokenOf(revision: number, start: string): string {
  return Buffer.from(JSON.stringify({ v: VERSION, rv: revision, start })).toString("base64url");
}

function decodeBase64(token: string): string | { readonly at: number } {
  const bad = token.search(/[^A-Za-z0-9_-]/);
  if (bad >= 0) return { at: bad };
  if (token.length % 4 === 1) return { at: token.length - 1 };
  return Buffer.from(token, "base64url").toString();
}

function parse(
  text: string,
  refused: (why: string) => ApiError,
): { v?: string; rv?: number; start?: string } {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Said below, in the words of Go's parser as far as they can be told.
  }
  const [first] = text.trimStart();
  throw refused(
    first === undefined || first === "{"
      ? ": unexpected end of JSON input"
      : `: invalid character '${first}' looking for beginning of value`,
  );
}
