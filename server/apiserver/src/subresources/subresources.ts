/**
 * Which handler answers a subresource. Those that show the whole object and write a part of it (`status`, `scale`-less parts) are the
 * ordinary verbs under another strategy; the others are named in the table.
 */

import { get } from "../handlers/get.ts";
import type { Handler } from "../handlers/handler.ts";
import { patch } from "../handlers/patch.ts";
import { update } from "../handlers/update.ts";
import { methodNotAllowed, noSuchPath } from "../pipeline/no-path.ts";
import type { ApiRequest } from "../pipeline/api-request.ts";
import type { Served } from "../registry/served.ts";
import { strategyOf } from "../writes/strategy.ts";

/** Verbs of one subresource. */
export type SubresourceVerbs = Readonly<Record<string, Handler>>;

/** `group/plural/subresource` → verbs. */
const table: Readonly<Record<string, SubresourceVerbs>> = {};

const partVerbs: SubresourceVerbs = { get, update, patch };

/** Throws NotFound for what is no subresource, MethodNotAllowed for a verb it does not have. */
export function subresourceHandler({ route, verb }: ApiRequest, served: Served): Handler {
  const { group, plural } = served.resource;
  const verbs =
    table[`${group}/${plural}/${route.subresource}`] ??
    (strategyOf(served, route.subresource) && route.depth === 3 ? partVerbs : undefined);
  if (!verbs) throw noSuchPath();
  const handler = verbs[verb];
  if (!handler) throw methodNotAllowed();
  return handler;
}
