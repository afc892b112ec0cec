/**
 * Which handler answers a request for a custom resource. Upstream has no routes for these: it looks at the parts of the path one after
 * the other, so what is no path of theirs gets other answers than it does among built-in kinds.
 */

import { badRequest, methodNotSupported, notFound } from "@knarr/machinery/status.ts";
import { create } from "../handlers/create.ts";
import { remove } from "../handlers/delete.ts";
import { deleteCollection } from "../handlers/delete-collection.ts";
import { get } from "../handlers/get.ts";
import type { Handler } from "../handlers/handler.ts";
import { list } from "../handlers/list.ts";
import { patch } from "../handlers/patch.ts";
import { update } from "../handlers/update.ts";
import { watch } from "../handlers/watch.ts";
import { textAnswer } from "../pipeline/answer.ts";
import type { ApiRequest } from "../pipeline/api-request.ts";
import type { Served } from "../registry/served.ts";
import { getScale, patchScale, updateScale } from "../subresources/scale.ts";

type Verbs = Readonly<Record<string, Handler>>;

const verbs: Verbs = {
  ...{ get, list, watch, create, update, patch },
  ...{ delete: remove, deletecollection: deleteCollection },
};
const parts: Readonly<Record<string, Verbs>> = {
  status: { get, update, patch },
  scale: { get: getScale, update: updateScale, patch: patchScale },
};

/** These are asked of all namespaces together, too. */
const ACROSS_NAMESPACES = new Set(["list", "watch"]);

/** Throws ApiErrors. */
export function customHandler(request: ApiRequest, served: Served): Handler {
  const { route, verb } = request;
  const { groupResource, namespaced, resource, deprecation } = served;
  const isElsewhere = namespaced
    ? route.namespace === "" && !ACROSS_NAMESPACES.has(verb)
    : route.namespace !== "";
  if (isElsewhere) return () => textAnswer(404, "404 page not found\n");
  if (deprecation) request.warn(deprecation); // what follows may be refused
  const { subresource, name } = route;
  const hasPart = resource.subresources?.[subresource as "status" | "scale"];
  if (subresource !== "" && !hasPart) throw notFound(groupResource, name);
  const handler = (subresource === "" ? verbs : parts[subresource]!)[verb];
  if (!handler) throw methodNotSupported(groupResource, verb);
  if (name === "" && (verb === "update" || verb === "patch")) throw badRequest("name must be provided");
  return handler;
}
