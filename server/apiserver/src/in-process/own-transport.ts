/** How the server reaches itself: reads are of its caches, which also have what an administrator hides from everybody else. */

import type {
  Selection,
  Transport,
  TransportAnswer,
  TransportRequest,
  WatchEvent,
} from "@knarr/client/transport.ts";
import type { Resource } from "@knarr/kinds/resource.ts";
import { groupVersion, type ApiObject, type ListOf } from "@knarr/machinery/object.ts";
import type { Caches } from "../cache/cache.ts";
import { selectedBy } from "./transport.ts";

export class OwnTransport implements Transport {
  readonly #caches: Caches;
  readonly #inner: Transport;

  /** Everything but reads of many goes by `inner`, which is not closed with this. */
  constructor(caches: Caches, inner: Transport) {
    this.#caches = caches;
    this.#inner = inner;
  }

  request(request: TransportRequest): Promise<TransportAnswer> {
    return this.#inner.request(request);
  }

  async list<T extends ApiObject>(
    resource: Resource<T>,
    selection: Selection,
    signal: AbortSignal,
  ): Promise<ListOf<T>> {
    signal.throwIfAborted();
    const query = { ...selectedBy(resource, selection), skipsUnreadable: true };
    const { items, resourceVersion } = await this.#caches.of(resource).list(query);
    return {
      apiVersion: groupVersion(resource),
      kind: `${resource.kind}List`,
      metadata: { resourceVersion },
      items: items.map(({ object }) => object),
    };
  }

  watch<T extends ApiObject>(
    resource: Resource<T>,
    selection: Selection,
    resourceVersion: string,
    signal: AbortSignal,
  ): AsyncIterable<readonly WatchEvent<T>[]> {
    const query = { ...selectedBy(resource, selection), resourceVersion, allowWatchBookmarks: true };
    return this.#caches.of(resource).events(query, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
