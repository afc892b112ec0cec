/**
 * The cache of one kind: puts together its items, indexes, window of changes and watchers, and keeps them in step.
 *
 * `apply` is the one place where anything changes. It is synchronous and takes the changes of one commit, so everybody sees either none
 * or all of them: first items and indexes, then the window, then code in this process, then watchers.
 */

import type { Index } from "@knarr/client/cache.ts";
import type { WatchEvent } from "@knarr/client/transport.ts";
import { groupResource, type Resource } from "@knarr/kinds/resource.ts";
import { splitKey, type ApiObject } from "@knarr/machinery/object.ts";
import { alreadyExists, notFound } from "@knarr/machinery/status.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Change, Store } from "@knarr/store/store.ts";
import type {
  Item,
  ItemChange,
  ListPage,
  ListQuery,
  ResourceCache,
  Subscription,
  Watch,
  WatchQuery,
  WatchSink,
} from "./cache.ts";
import { Dispatcher } from "./dispatcher.ts";
import { EventWindow } from "./event-window.ts";
import { eventsOf } from "./events.ts";
import { History } from "./history.ts";
import { Indexes } from "./indexes.ts";
import { ItemSet } from "./item-set.ts";
import { parseItem } from "./item.ts";
import { watchStart } from "./list-options.ts";
import { Lister } from "./lister.ts";
import type { Progress } from "./progress.ts";
import { Watches } from "./watches.ts";
import { Writer } from "./writer.ts";

export interface ResourceCacheParts<T extends ApiObject> {
  readonly resource: Resource<T>;
  readonly store: Store;
  readonly progress: Progress;
  readonly clock: Clock;
}

/** Entries loaded at once. */
const LOAD_PAGE = 1000;

export class LiveCache<T extends ApiObject> implements ResourceCache<T> {
  readonly resource: Resource<T>;
  readonly prefix: string;
  readonly #parts: ResourceCacheParts<T>;
  readonly #items = new ItemSet<T>();
  readonly #indexes: Indexes<T>;
  readonly #window: EventWindow<T>;
  readonly #dispatcher: Dispatcher<T>;
  readonly #lister: Lister<T>;
  readonly #writer: Writer<T>;
  readonly #watches: Watches<T>;
  readonly #listeners = new Set<(changes: readonly ItemChange<T>[]) => void>();

  /** Reads all there is at `revision`; changes after it must be applied. */
  static async load<T extends ApiObject>(
    parts: ResourceCacheParts<T>,
    revision: number,
  ): Promise<LiveCache<T>> {
    const cache = new LiveCache(parts, revision);
    const { resource, store } = parts;
    for (let after: string | undefined, remaining = 1; remaining > 0;) {
      const page = await store.list(cache.prefix, {
        revision,
        limit: LOAD_PAGE,
        count: false,
        ...(after && { after }),
      });
      for (const entry of page.entries) {
        cache.#items.put(
          parseItem(resource, entry.key.slice(cache.prefix.length), entry.value, entry.revision),
        );
      }
      after = page.entries.at(-1)?.key;
      remaining = page.remaining;
    }
    return cache;
  }

  private constructor(parts: ResourceCacheParts<T>, revision: number) {
    const { resource } = parts;
    this.resource = resource;
    this.prefix = storePrefix(resource);
    this.#parts = parts;
    this.#indexes = new Indexes(resource, () => this.#items.range(""));
    this.#window = new EventWindow(revision);
    this.#dispatcher = new Dispatcher(resource);
    const shared = {
      ...parts,
      prefix: this.prefix,
      items: this.#items,
      indexes: this.#indexes,
      window: this.#window,
      dispatcher: this.#dispatcher,
    };
    this.#lister = new Lister(shared);
    this.#writer = new Writer(shared);
    const history = new History(resource, this.prefix, parts.store);
    this.#watches = new Watches({ ...shared, history, lister: this.#lister });
  }

  get size(): number {
    return this.#items.size;
  }

  /** How many watches are open. */
  get watches(): number {
    return this.#dispatcher.size;
  }

  get(key: string): Item<T> | undefined {
    return this.#items.get(key);
  }

  async create(key: string, object: T): Promise<Item<T>> {
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

  delete(key: string, check?: (current: T) => void | Promise<void>): Promise<Item<T>> {
    return this.#writer.delete(key, check);
  }

  list(query: ListQuery = {}): Promise<ListPage<T>> {
    return this.#lister.list(query);
  }

  items(namespace = ""): readonly Item<T>[] {
    return this.#items.range(namespace && `${namespace}/`);
  }

  by(index: Index<T>, value: string): readonly T[] {
    return this.#indexes.by(index, value).map(({ object }) => object);
  }

  ownedBy(uid: string): readonly T[] {
    return this.#indexes.byOwner(uid).map(({ object }) => object);
  }

  watch(query: WatchQuery, sink: WatchSink<T>): Promise<Watch> {
    return this.#watches.start(query, watchStart(query), sink);
  }

  events(query: WatchQuery, signal: AbortSignal): AsyncIterable<readonly WatchEvent<T>[]> {
    return eventsOf((sink: WatchSink<T>) => this.watch(query, sink), signal);
  }

  subscribe(listener: (changes: readonly ItemChange<T>[]) => void): Subscription<T> {
    this.#listeners.add(listener);
    return {
      items: this.items(),
      resourceVersion: String(this.#parts.progress.revision),
      [Symbol.dispose]: () => this.#listeners.delete(listener),
    };
  }

  /** Takes what one commit changed, in revision order. */
  apply(changes: readonly Change[]): void {
    const applied = changes.map((change) => this.#apply(change));
    this.#window.append(applied, this.#parts.clock.now());
    for (const listener of this.#listeners) listener(applied);
    this.#dispatcher.dispatch(applied);
  }

  /** Once a minute: tells idle watches how far they are, and forgets what is old. */
  tick(revision: number): void {
    this.#window.trim(this.#parts.clock.now());
    this.#items.forget();
    this.#dispatcher.bookmarks(revision);
  }

  /** Ends all watches. */
  close(): void {
    this.#dispatcher.end();
  }

  #apply(change: Change): ItemChange<T> {
    const key = change.entry.key.slice(this.prefix.length);
    const previous = this.#items.get(key);
    const item = this.#writer.itemOf(change, key, previous);
    if (change.type === "delete") {
      this.#items.remove(key);
      this.#indexes.change(undefined, previous);
      return { type: "DELETED", item, previous };
    }
    this.#items.put(item);
    this.#indexes.change(item, previous);
    return { type: previous ? "MODIFIED" : "ADDED", item, previous };
  }
}

/** Where the store keeps a kind. */
export function storePrefix({ group, plural }: Resource<any>): string {
  return `/registry/${group || "core"}/${plural}/`;
}
