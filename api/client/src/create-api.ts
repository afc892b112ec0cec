/**
 * The verbs over a transport.
 *
 * Nothing here retries, caches or interprets: a verb is one request, and its errors are the server's.
 */

import type { Resource } from "@knarr/kinds/resource.ts";
import { keyOf, type ApiObject } from "@knarr/machinery/object.ts";
import type { Api, DeleteOptions, PatchOptions } from "./api.ts";
import { collectionPath, objectPath } from "./paths.ts";
import type { Transport, TransportRequest } from "./transport.ts";

export interface ApiOptions {
  /** Who is written down in managedFields; default: what the server makes of the user agent. */
  readonly fieldManager?: string;
  /** Ends requests under way. */
  readonly signal?: AbortSignal;
}

const patchTypes = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
} as const satisfies Record<NonNullable<PatchOptions["type"]>, string>;

export function createApi(transport: Transport, options: ApiOptions = {}): Api {
  const { fieldManager, signal = new AbortController().signal } = options;
  const query = fieldManager === undefined ? {} : { fieldManager };
  const send = async (request: TransportRequest): Promise<any> =>
    (await transport.request({ ...request, signal })).body;

  return {
    get: (resource, key) => send({ method: "GET", path: objectPath(resource, key) }),
    list: (resource, selection = {}) => transport.list(resource, selection, signal),

    create: (resource, object) =>
      send({
        method: "POST",
        path: collectionPath(resource, object.metadata.namespace),
        query,
        body: typed(resource, object),
      }),

    update: (resource, object) =>
      send({
        method: "PUT",
        path: objectPath(resource, keyOf(object)),
        query,
        body: typed(resource, object),
      }),

    updateStatus: (resource, object) =>
      send({
        method: "PUT",
        path: objectPath(resource, keyOf(object), "status"),
        query,
        body: typed(resource, object),
      }),

    patch: (resource, key, patch, { type = "merge", subresource, fieldManager: manager, force } = {}) =>
      send({
        method: "PATCH",
        path: objectPath(resource, key, subresource),
        query: { ...query, ...(manager !== undefined && { fieldManager: manager }), ...(force && { force }) },
        body: patch,
        contentType: patchTypes[type],
      }),

    async delete(resource, key, options) {
      await send({ method: "DELETE", path: objectPath(resource, key), body: deleteOptionsOf(options) });
    },

    async deleteCollection(resource, { namespace, labelSelector, fieldSelector }, options) {
      await send({
        method: "DELETE",
        path: collectionPath(resource, namespace),
        query: { labelSelector, fieldSelector },
        body: deleteOptionsOf(options),
      });
    },

    post: (resource, key, subresource, body) =>
      send({ method: "POST", path: objectPath(resource, key, subresource), query, body }),
  };
}

/** The metav1 DeleteOptions of `options`. */
export function deleteOptionsOf(options: DeleteOptions = {}): object {
  const { gracePeriodSeconds, propagationPolicy, uid, resourceVersion } = options;
  const preconditions = {
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  };
  return {
    kind: "DeleteOptions",
    apiVersion: "v1",
    ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    ...(propagationPolicy !== undefined && { propagationPolicy }),
    ...(Object.keys(preconditions).length > 0 && { preconditions }),
  };
}

/** `object` with its apiVersion and kind, which objects made in code leave out. */
function typed<T extends ApiObject>(resource: Resource<T>, object: T): T {
  if (object.apiVersion !== undefined && object.kind !== undefined) return object;
  const { group, version, kind } = resource;
  return { ...object, apiVersion: group === "" ? version : `${group}/${version}`, kind };
}
