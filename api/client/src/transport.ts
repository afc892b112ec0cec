/**
 * How a client reaches an API server. Two transports exist: HTTP/2 with a certificate or token, and in-process, which
 * calls the server's handlers without a socket and shares its cache of frozen objects. Both are authenticated,
 * authorized and admitted alike, so a controller cannot tell which one it has.
 */

import type { Resource } from "@knarr/kinds/resource.ts";
import type { ApiObject, ListOf } from "@knarr/machinery/object.ts";

export interface Transport extends AsyncDisposable {
  /** One request, one whole answer. Throws ApiError for any status of 400 and more, and whatever the network throws. */
  request(request: TransportRequest): Promise<TransportAnswer>;

  /** LIST of everything selected, at one revision. Objects may be frozen and shared: never change them. */
  list<T extends ApiObject>(
    resource: Resource<T>,
    selection: Selection,
    signal: AbortSignal,
  ): Promise<ListOf<T>>;

  /**
   * WATCH from a revision: batches of events in order, bookmarks included. Ends by itself from time to time; throws
   * ApiError Expired when the revision is too old (list again).
   */
  watch<T extends ApiObject>(
    resource: Resource<T>,
    selection: Selection,
    resourceVersion: string,
    signal: AbortSignal,
  ): AsyncIterable<readonly WatchEvent<T>[]>;
}

export interface TransportRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path without query: `/api/v1/namespaces/default/pods/web`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** A JSON value. The caller must not change it afterwards. */
  readonly body?: unknown;
  /** Content type of the body; default `application/json`. */
  readonly contentType?: string;
  /** What the answer may be, as in HTTP; default `application/json`. A transport may answer with plain JSON all the same. */
  readonly accept?: string;
  readonly signal?: AbortSignal;
}

export interface TransportAnswer {
  readonly code: number;
  readonly body: unknown;
  readonly warnings: readonly string[];
}

/** Which objects of a kind. */
export interface Selection {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Of figures in custom.metrics.k8s.io, which have labels of their own; nobody else knows it. */
  readonly metricLabelSelector?: string;
  /** Only metadata is wanted: objects may come as PartialObjectMetadata, or whole where that costs nothing. */
  readonly metadataOnly?: boolean;
  /**
   * A list leaves out what nobody can read in the store, and does not fail for it. Other servers than ours do not know this; they fail all
   * the same.
   */
  readonly skipsUnreadable?: boolean;
}

export type WatchEvent<T extends ApiObject = ApiObject> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: T }
  /** Nothing changed up to this resourceVersion. */
  | {
      readonly type: "BOOKMARK";
      readonly object: {
        readonly metadata: {
          readonly resourceVersion: string;
          readonly annotations?: Readonly<Record<string, string>>;
        };
      };
    };
