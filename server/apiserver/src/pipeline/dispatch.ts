/**
 * From a parsed and authorized request to its handler. What no path of the API is gets the answer upstream's router gives: a plain
 * text for groups that are not served, a Status for what is missing inside one that is.
 */

import { methodNotSupported } from "@knarr/machinery/status.ts";
import { getComputed, listComputed, watchComputed } from "../handlers/computed.ts";
import { customHandler } from "../crd/handler-for.ts";
import { create } from "../handlers/create.ts";
import { remove } from "../handlers/delete.ts";
import { deleteCollection } from "../handlers/delete-collection.ts";
import { get } from "../handlers/get.ts";
import type { Handler } from "../handlers/handler.ts";
import { list } from "../handlers/list.ts";
import { patch } from "../handlers/patch.ts";
import { update } from "../handlers/update.ts";
import { watch } from "../handlers/watch.ts";
import type { Served } from "../registry/served.ts";
import { textAnswer, type Answer } from "./answer.ts";
import type { ApiRequest } from "./api-request.ts";
import { methodNotAllowed, noSuchPath } from "./no-path.ts";
import type { Parts } from "./parts.ts";

const collectionVerbs: Readonly<Record<string, Handler>> = {
  list,
  watch,
  create,
  deletecollection: deleteCollection,
};

const objectVerbs: Readonly<Record<string, Handler>> = {
  get,
  update,
  patch,
  delete: remove,
  watch,
};

const computedVerbs: Readonly<Record<string, Handler>> = {
  get: getComputed,
  list: listComputed,
  watch: watchComputed,
};

/** Waits for the revision that it needs by itself. Whatever else is asked is answered, and decided, by what is so now. */
const READS_PAST = new Set(["list", "watch"]);

/** What cannot be done across all namespaces. */
const NEEDS_NAMESPACE = new Set(["create", "deletecollection"]);

export function dispatch(parts: Parts, request: ApiRequest): Answer | Promise<Answer> {
  const { route } = request;
  const served = parts.registry.find(route.group, route.version, route.resource);
  if (!served) {
    if (!parts.registry.hasBuiltInGroup(route.group)) return textAnswer(404, "404 page not found\n");
    throw noSuchPath();
  }
  const handler = handlerFor(parts, request, served);
  if (served.deprecation) request.warn(served.deprecation);
  if (READS_PAST.has(request.verb)) return handler(parts, request, served);
  const caughtUp = parts.caches.caughtUp();
  return caughtUp ? caughtUp.then(() => handler(parts, request, served)) : handler(parts, request, served);
}

function handlerFor(parts: Parts, request: ApiRequest, served: Served): Handler {
  if (served.isCustom) return customHandler(request, served);
  const { route, verb } = request;
  checkScope(route.namespace, request, served);
  if (route.depth > 2 && verb !== "watch") return parts.subresources.handler(request, served);
  if (!served.isStored && route.depth === 1 && verb === "create")
    return served.hooks.answer ?? missingHandler(served);
  const isObject = route.depth === 2;
  const { isComputed } = served.resource;
  const handler = (isComputed ? computedVerbs : isObject ? objectVerbs : collectionVerbs)[verb];
  if (!handler || !(isComputed || allows(served, verb))) throw methodNotAllowed();
  if (NEEDS_NAMESPACE.has(verb) && served.namespaced && route.namespace === "") throw methodNotAllowed();
  return handler;
}

function allows({ verbs }: Served, verb: string): boolean {
  return verbs.has(verb);
}

function missingHandler(served: Served): never {
  throw methodNotSupported(served.groupResource, "create");
}

/** A kind of the cluster has no path in a namespace, and an object of a namespace none outside. */
function checkScope(namespace: string, { route }: ApiRequest, served: Served): void {
  const isNamespace = served.resource.plural === "namespaces" && served.resource.group === "";
  if (isNamespace) return;
  if (!served.namespaced && namespace !== "") throw noSuchPath();
  if (served.namespaced && namespace === "" && route.depth > 1) throw noSuchPath();
}
