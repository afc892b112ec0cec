/**
 * The parameters of LIST and WATCH that say when: resourceVersion, resourceVersionMatch, continue, sendInitialEvents. Which go together, what
 * they mean, and upstream's words for those that do not.
 */

import { FieldErrors } from "@knarr/machinery/field.ts";
import { quote } from "@knarr/machinery/quote.ts";
import { ApiError, badRequest, invalid } from "@knarr/machinery/status.ts";
import type { ListQuery, WatchQuery } from "./cache.ts";
import { decodeContinue } from "./continue-token.ts";

/** What moment a list is of. */
export type Moment =
  /** The newest one. */
  | { readonly at: "latest" }
  /** Any not before this revision. */
  | { readonly at: "notBefore"; readonly revision: number }
  | { readonly at: "exactly"; readonly revision: number };

/** Where a list starts, and of when it is. Throws ApiErrors. */
export function listStart(query: ListQuery): { readonly moment: Moment; readonly from: string } {
  checkList(query);
  const { limit = 0, resourceVersion = "", resourceVersionMatch = "" } = query;
  if (query.continue) {
    const { revision, start } = decodeContinue(query.continue);
    if (resourceVersion !== "" && resourceVersion !== "0") {
      throw badRequest("specifying resource version is not allowed when using continue");
    }
    // A negative revision is what an expired token is exchanged for: the rest as it is now.
    return { moment: revision < 0 ? { at: "latest" } : { at: "exactly", revision }, from: start };
  }
  if (resourceVersion === "") return { moment: { at: "latest" }, from: "" };
  const revision = parseRevision(resourceVersion);
  const isExact =
    resourceVersionMatch === "Exact" || (resourceVersionMatch === "" && limit > 0 && revision > 0);
  return { moment: { at: isExact ? "exactly" : "notBefore", revision }, from: "" };
}

/** Where a watch starts. */
export type WatchStart =
  /** With the state at a moment, as ADDED events, and a bookmark that ends them, if bookmarks are wanted. */
  | { readonly from: "state"; readonly moment: Moment }
  | { readonly from: "now" }
  | { readonly from: "revision"; readonly revision: number };

export function watchStart(query: WatchQuery): WatchStart {
  checkWatch(query);
  const { resourceVersion = "", sendInitialEvents } = query;
  const revision = parseRevision(resourceVersion || "0");
  if (sendInitialEvents || (sendInitialEvents === undefined && revision === 0)) {
    const moment: Moment = resourceVersion === "" ? { at: "latest" } : { at: "notBefore", revision };
    return { from: "state", moment };
  }
  return revision === 0 ? { from: "now" } : { from: "revision", revision };
}

function checkList({ resourceVersion, resourceVersionMatch, continue: token, ...rest }: ListQuery): void {
  const errors = new FieldErrors();
  const match = errors.at("resourceVersionMatch");
  if (resourceVersionMatch) {
    if (!resourceVersion)
      match.forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided");
    if (token) match.forbidden("resourceVersionMatch is forbidden when continue is provided");
    if (resourceVersionMatch !== "Exact" && resourceVersionMatch !== "NotOlderThan") {
      match.notSupported(resourceVersionMatch, ["Exact", "NotOlderThan", ""]);
    }
    if (resourceVersionMatch === "Exact" && resourceVersion === "0") {
      match.forbidden('resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
    }
  }
  if ((rest as WatchQuery).sendInitialEvents !== undefined) {
    errors.at("sendInitialEvents").forbidden("sendInitialEvents is forbidden for list");
  }
  refuse(errors);
}

function checkWatch({ resourceVersionMatch, sendInitialEvents, ...rest }: WatchQuery): void {
  const errors = new FieldErrors();
  const match = errors.at("resourceVersionMatch");
  if (sendInitialEvents !== undefined && resourceVersionMatch !== "NotOlderThan") {
    match.forbidden("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
  }
  if (resourceVersionMatch) {
    if (sendInitialEvents === undefined) {
      match.forbidden("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
    }
    if (resourceVersionMatch !== "NotOlderThan") match.notSupported(resourceVersionMatch, ["NotOlderThan"]);
    if ((rest as ListQuery).continue)
      match.forbidden("resourceVersionMatch is forbidden when continue is provided");
  }
  refuse(errors);
}

function refuse({ list }: FieldErrors): void {
  if (list.length > 0) throw invalid({ group: "meta.k8s.io", kind: "ListOptions" }, "", list);
}

/** A resourceVersion as a number. Throws BadRequest for what is none; what is beyond all numbers is merely too large. */
function parseRevision(text: string): number {
  if (/^[0-9]+$/.test(text) && BigInt(text) < 2n ** 64n)
    return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
  const why = /^[0-9]+$/.test(text) ? "value out of range" : "invalid syntax";
  throw badRequest(
    `invalid resource version: resourceVersion: Invalid value: ${quote(text)}: strconv.ParseUint: parsing ${quote(text)}: ${why}`,
  );
}

/** 504 with the cause clients look for: the revision asked for has not been reached. */
export function tooLargeVersion(revision: number, current: number): ApiError {
  return new ApiError("Timeout", `Timeout: Too large resource version: ${revision}, current: ${current}`, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });
}
