/**
 * The verbs over a transport.
 *
 * Nothing here retries, caches or interprets: a verb is one request, and its errors are the server's.
 */

import type { Resource, Verb } from "@knarr/kinds/resource.ts";
import { keyOf, splitKey, type ApiObject } from "@knarr/machinery/object.ts";
import type { Api, DeleteOptions, PatchOptions } from "./api.ts";
import { collectionPath, objectPath } from "./paths.ts";
import type { Transport, TransportRequest } from "./transport.ts";

export interface ApiOptions {
  /** Who is written down in managedFields; default: what the server makes of the user agent. */
  readonly fieldManager?: string;
  /** Ends requests under way. */
  readonly signal?: AbortSignal;
  /** Asked before each write; throws to refuse it. `target` is `pods`, `deployments.apps/status`, … */
  mayWrite?(target: string, verb: Verb): void;
  /** Told the answer to each write of one object: for who must know when a cache has seen it. */
  wrote?(resource: Resource<any>, key: string, answer: unknown): void;
}

const patchTypes = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
} as const satisfies Record<NonNullable<PatchOptions["type"]>, string>;

export function createApi(transport: Transport, options: ApiOptions = {}): Api {
  const { fieldManager, signal = new AbortController().signal } = options;
  const managed = fieldManager === undefined ? {} : { fieldManager };

  const send = async (request: TransportRequest): Promise<any> =>
    (await transport.request({ ...request, signal })).body;

  const write = async (write: Write): Promise<any> => {
    const { resource, key, verb, subresource, method, query, body, contentType } = write;
    options.mayWrite?.(targetOf(resource, subresource), verb);
    const { namespace, name } = splitKey(key);
    const path =
      name === "" || (verb === "create" && !subresource)
        ? collectionPath(resource, namespace)
        : objectPath(resource, key, subresource);
    const answer = await send({
      method,
      path,
      body,
      ...(query && { query }),
      ...(contentType && { contentType }),
    });
    if (verb !== "deletecollection") options.wrote?.(resource, key, answer);
    return answer;
  };

  const put = <T extends ApiObject>(resource: Resource<T>, object: T, subresource: string): Promise<T> => {
    const body = typed(resource, object);
    return write({
      resource,
      key: keyOf(object),
      verb: "update",
      subresource,
      method: "PUT",
      query: managed,
      body,
    });
  };

  return {
    get: (resource, key) => send({ method: "GET", path: objectPath(resource, key) }),
    getSubresource: (resource, key, subresource) =>
      send({ method: "GET", path: objectPath(resource, key, subresource) }),
    list: (resource, selection = {}) => transport.list(resource, selection, signal),

    create: (resource, object) => {
      const body = typed(resource, object);
      return write({ resource, key: keyOf(object), verb: "create", method: "POST", query: managed, body });
    },

    update: (resource, object) => {
      const body = typed(resource, object);
      return write({ resource, key: keyOf(object), verb: "update", method: "PUT", query: managed, body });
    },

    updateStatus: (resource, object) => put(resource, object, "status"),
    updateSubresource: put,

    patch: (resource, key, patch, { type = "merge", subresource, fieldManager: manager, force } = {}) => {
      const query = {
        ...managed,
        ...(manager !== undefined && { fieldManager: manager }),
        ...(force && { force }),
      };
      const contentType = patchTypes[type];
      const what = {
        resource,
        key,
        verb: "patch",
        method: "PATCH",
        query,
        body: patch,
        contentType,
      } as const;
      return write(subresource === undefined ? what : { ...what, subresource });
    },

    delete: (resource, key, options) =>
      write({ resource, key, verb: "delete", method: "DELETE", body: deleteOptionsOf(options) }),

    deleteCollection: (resource, { namespace, labelSelector, fieldSelector }, options) =>
      write({
        resource,
        key: namespace === undefined ? "" : `${namespace}/`,
        verb: "deletecollection",
        method: "DELETE",
        query: { labelSelector, fieldSelector },
        body: deleteOptionsOf(options),
      }),

    post: (resource, key, subresource, body) =>
      write({ resource, key, verb: "create", subresource, method: "POST", query: managed, body }),
  };
}

interface Write {
  readonly resource: Resource<any>;
  readonly key: string;
  readonly verb: Verb;
  readonly subresource?: string;
  readonly method: TransportRequest["method"];
  readonly query?: NonNullable<TransportRequest["query"]>;
  readonly body: unknown;
  readonly contentType?: string;
}

/** `pods`, `pods/status`, `deployments.apps`, `deployments.apps/scale`: how `writes` of a controller names it. */
export function targetOf({ group, plural }: Resource<any>, subresource?: string): string {
  const target = group === "" ? plural : `${plural}.${group}`;
  return subresource ? `${target}/${subresource}` : target;
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
