/**
 * The cache of one kind: what it holds, and the writer that decides by it.
 *
 * A change of the schema gives it other contents (`adopt`). Whoever works with the cache goes on with those: writers decide anew, lists are made
 * anew, and watches end, so that their clients come back for what the objects look like now.
 */

import type { Index } from "@knarr/client/cache.ts";
import type { WatchEvent } from "@knarr/client/transport.ts";
import { groupResource, type Resource } from "@knarr/kinds/resource.ts";
import { splitKey, type ApiObject } from "@knarr/machinery/object.ts";
import { alreadyExists, notFound } from "@knarr/machinery/status.ts";
import type { Change } from "@knarr/store/store.ts";
import type {
  Conversion,
  Item,
  ItemChange,
  ListPage,
  ListQuery,
  ResourceCache,
  Subscription,
  Versioned,
  Watch,
  WatchQuery,
  WatchSink,
} from "./cache.ts";
import type { StoreMetrics } from "../metrics/store-metrics.ts";
import type { Contents, ContentsParts } from "./contents.ts";
import { eventsOf } from "./events.ts";
import { watchStart } from "./list-options.ts";
import { tooOld } from "./history.ts";
import { unreadableError } from "./unreadable.ts";
import { VersionedCache } from "./versioned-cache.ts";
import { Writer } from "./writer.ts";

interface LiveParts<T extends ApiObject> extends Pick<ContentsParts<T>, "store" | "progress" | "clock"> {
  readonly metrics?: StoreMetrics | undefined;
}

export class LiveCache<T extends ApiObject> implements ResourceCache<T> {
  readonly #parts: LiveParts<T>;
  #contents: Contents<T>;
  #isRetired = false;
  readonly #writer: Writer<T>;
  readonly #versions = new Set<VersionedCache<T>>();
  readonly #listeners = new Set<(changes: readonly ItemChange<T>[]) => void>();

  constructor(parts: LiveParts<T>, contents: Contents<T>) {
    this.#parts = parts;
    this.#contents = contents;
    const { store, progress, metrics } = parts;
    this.#writer = new Writer({
      store,
      progress,
      metrics,
      contents: () => this.#contents,
      isRetired: () => this.#isRetired,
    });
  }

  get resource(): Resource<T> {
    return this.#contents.resource;
  }

  get contents(): Contents<T> {
    return this.#contents;
  }

  get size(): number {
    return this.#contents.items.size;
  }

  /** How many watches are open. */
  get watches(): number {
    const others = [...this.#versions].reduce((sum, version) => sum + version.watches, 0);
    return this.#contents.dispatcher.size + others;
  }

  get(key: string): Item<T> | undefined {
    return this.#contents.items.get(key);
  }

  isUnreadable(key: string): boolean {
    return this.#contents.unreadable.has(key);
  }

  unreadableKeys(namespace = ""): readonly string[] {
    return this.#contents.unreadable.keysIn(namespace);
  }

  checkReadable(key: string): void {
    const entry = this.#contents.unreadable.get(key);
    if (entry) throw unreadableError(entry);
  }

  discard(key: string): Promise<void> {
    return this.#writer.discard(key);
  }

  async create(key: string, object: T): Promise<Item<T>> {
    if (this.#contents.unreadable.has(key))
      throw alreadyExists(groupResource(this.resource), splitKey(key).name);
    const { item } = await this.#writer.write(key, (current) => {
      if (current) throw alreadyExists(groupResource(this.resource), splitKey(key).name);
      return object;
    });
    return item;
  }

  async update(key: string, change: (current: T, item: Item<T>) => T | Promise<T>): Promise<Item<T>> {
    const { item } = await this.#writer.write(key, (current) => {
      if (!current) throw notFound(groupResource(this.resource), splitKey(key).name);
      return change(current.object, current);
    });
    return item;
  }

  upsert(
    key: string,
    change: (current: T | undefined, item: Item<T> | undefined) => T | Promise<T>,
  ): Promise<{ readonly item: Item<T>; readonly created: boolean }> {
    return this.#writer.write(key, (current) => change(current?.object, current));
  }

  delete(key: string, check?: (current: T, item: Item<T>) => void | Promise<void>): Promise<Item<T>> {
    return this.#writer.delete(key, check);
  }

  async list(query: ListQuery = {}): Promise<ListPage<T>> {
    for (;;) {
      const contents = this.#contents;
      const page = await contents.lister.list(query);
      if (contents === this.#contents) return page;
    }
  }

  items(namespace = ""): readonly Item<T>[] {
    return this.#contents.items.range(namespace && `${namespace}/`);
  }

  by(index: Index<T>, value: string): readonly T[] {
    return this.#contents.indexes.by(index, value).map(({ object }) => object);
  }

  ownedBy(uid: string): readonly T[] {
    return this.#contents.indexes.byOwner(uid).map(({ object }) => object);
  }

  watch(query: WatchQuery, sink: WatchSink<T>): Promise<Watch> {
    return this.#contents.watches.start(query, watchStart(query), sink);
  }

  events(query: WatchQuery, signal: AbortSignal): AsyncIterable<readonly WatchEvent<T>[]> {
    return eventsOf((sink: WatchSink<T>) => this.watch(query, sink), signal);
  }

  inVersion(resource: Resource<any>, conversion: Conversion): Versioned {
    const version = new VersionedCache<T>({ ...this.#parts, cache: this, resource, conversion });
    this.#versions.add(version);
    return version;
  }

  subscribe(listener: (changes: readonly ItemChange<T>[]) => void): Subscription<T> {
    this.#listeners.add(listener);
    return {
      items: this.items(),
      resourceVersion: String(this.#parts.progress.revision),
      [Symbol.dispose]: () => this.#listeners.delete(listener),
    };
  }

  /** Takes what one commit changed, in revision order: first the contents, then code in this process, then watchers. */
  apply(changes: readonly Change[]): void {
    const { changes: applied, hasGap } = this.#contents.apply(changes, (...change) =>
      this.#writer.itemOf(...change),
    );
    for (const listener of this.#listeners) listener(applied);
    if (hasGap) return this.#endForGap();
    this.#contents.dispatcher.dispatch(applied);
    for (const version of this.#versions) version.dispatch(applied);
  }

  #endForGap(): void {
    const error = tooOld(this.#parts.progress.revision, this.#contents.window.start);
    this.#contents.dispatcher.end(error);
    for (const version of this.#versions) version.end(error);
  }

  /** Goes on with `contents`, which are as new as those before. Versions that were made before end. */
  adopt(contents: Contents<T>): void {
    this.close();
    this.#contents = contents;
  }

  tick(revision: number): void {
    this.#contents.tick(revision);
    for (const version of this.#versions) version.tick(revision);
  }

  /** The kind is not served any more: ends all watches, and writes that are not done. */
  retire(): void {
    this.#isRetired = true;
    this.close();
  }

  /** Ends all watches. */
  close(): void {
    this.#contents.dispatcher.close();
    for (const version of this.#versions) version.close();
    this.#versions.clear();
  }
}
