/**
 * What a cache has of one kind, as one schema reads it: items, indexes, the window of changes and the watchers of it all. When the schema changes,
 * the cache reads everything anew, into other contents.
 *
 * `apply` is the one place where anything changes. It is synchronous and takes the changes of one commit, so everybody sees either none
 * or all of them.
 */

import type { Resource } from "@knarr/kinds/resource.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Change, Entry, Store } from "@knarr/store/store.ts";
import type { Item, ItemChange } from "./cache.ts";
import { Dispatcher } from "./dispatcher.ts";
import { EventWindow } from "./event-window.ts";
import { History } from "./history.ts";
import { Indexes } from "./indexes.ts";
import { ItemSet } from "./item-set.ts";
import { readItem } from "./item.ts";
import { Lister } from "./lister.ts";
import type { Progress } from "./progress.ts";
import { storePrefix } from "./store-keys.ts";
import { Unreadable, UnreadableEntries, type UnreadableEntry } from "./unreadable.ts";
import { Watches } from "./watches.ts";

export interface ContentsParts<T extends ApiObject> {
  readonly resource: Resource<T>;
  readonly store: Store;
  readonly progress: Progress;
  readonly clock: Clock;
  onUnreadable(entry: UnreadableEntry): void;
}

export interface Applied<T extends ApiObject> {
  readonly changes: readonly ItemChange<T>[];
  /** There were others that could not be read: watchers must list anew. */
  readonly hasGap: boolean;
}

/** Entries loaded at once. */
const LOAD_PAGE = 1000;

export class Contents<T extends ApiObject> {
  readonly resource: Resource<T>;
  readonly prefix: string;
  readonly items = new ItemSet<T>();
  readonly unreadable = new UnreadableEntries();
  readonly indexes: Indexes<T>;
  readonly window: EventWindow<T>;
  readonly dispatcher: Dispatcher<T>;
  readonly lister: Lister<T>;
  readonly watches: Watches<T>;
  readonly #clock: Clock;
  readonly #onUnreadable: (entry: UnreadableEntry) => void;

  /** Reads all there is at `revision`; changes after it must be applied. */
  static async load<T extends ApiObject>(parts: ContentsParts<T>, revision: number): Promise<Contents<T>> {
    const contents = new Contents(parts, revision);
    const { store } = parts;
    const { prefix } = contents;
    for (let after: string | undefined, remaining = 1; remaining > 0;) {
      const page = await store.list(prefix, {
        revision,
        limit: LOAD_PAGE,
        count: false,
        ...(after && { after }),
      });
      for (const entry of page.entries) contents.#take(entry);
      after = page.entries.at(-1)?.key;
      remaining = page.remaining;
    }
    return contents;
  }

  private constructor(parts: ContentsParts<T>, revision: number) {
    const { resource, clock } = parts;
    this.resource = resource;
    this.prefix = storePrefix(resource);
    this.#clock = clock;
    this.#onUnreadable = parts.onUnreadable;
    this.indexes = new Indexes(resource, () => this.items.range(""));
    this.window = new EventWindow(revision);
    this.dispatcher = new Dispatcher(resource, clock);
    const { prefix, items, indexes, window, dispatcher, unreadable } = this;
    const shared = { ...parts, prefix, items, indexes, window, dispatcher, unreadable };
    this.lister = new Lister(shared);
    const history = new History(resource, prefix, parts.store);
    this.watches = new Watches({ ...shared, history, lister: this.lister });
  }

  /** Takes what one commit changed, in revision order. `itemOf` makes the item of a change, or throws Unreadable. */
  apply(
    changes: readonly Change[],
    itemOf: (change: Change, key: string, current: Item<T> | undefined) => Item<T>,
  ): Applied<T> {
    const applied: ItemChange<T>[] = [];
    let gap = 0;
    for (const change of changes) {
      const key = change.entry.key.slice(this.prefix.length);
      const previous = this.items.get(key);
      try {
        applied.push(this.#put(change, itemOf(change, key, previous), previous));
      } catch (err) {
        if (!(err instanceof Unreadable)) throw err;
        this.#lose(change, key, err.message);
        gap = change.entry.revision;
      }
    }
    this.window.append(applied, this.#clock.now());
    if (gap > 0) this.window.startAt(Math.max(gap, applied.at(-1)?.item.revision ?? 0));
    return { changes: applied, hasGap: gap > 0 };
  }

  /** Once a minute: tells idle watches how far they are, and forgets what is old. */
  tick(revision: number): void {
    this.window.trim(this.#clock.now());
    this.items.forget();
    this.dispatcher.bookmarks(revision);
  }

  /** What was there when the cache was loaded. */
  #take(entry: Entry): void {
    const key = entry.key.slice(this.prefix.length);
    try {
      this.items.put(readItem(this.resource, key, entry));
    } catch (err) {
      if (!(err instanceof Unreadable)) throw err;
      this.#loseEntry(key, { key: entry.key, revision: entry.revision, why: err.message });
    }
  }

  /** A change that cannot be read: of what is there from now on, or of what is gone and could not be read before. */
  #lose({ type, entry }: Change, key: string, why: string): void {
    if (type === "delete") this.unreadable.delete(key);
    else this.#loseEntry(key, { key: entry.key, revision: entry.revision, why });
  }

  #loseEntry(key: string, entry: UnreadableEntry): void {
    this.unreadable.set(key, entry);
    this.indexes.change(undefined, this.items.remove(key));
    this.#onUnreadable(entry);
  }

  #put({ type }: Change, item: Item<T>, previous: Item<T> | undefined): ItemChange<T> {
    if (type === "delete") {
      this.items.remove(item.key);
      this.indexes.change(undefined, previous);
      return { type: "DELETED", item, previous };
    }
    this.items.put(item);
    this.unreadable.delete(item.key);
    this.indexes.change(item, previous);
    return { type: previous ? "MODIFIED" : "ADDED", item, previous };
  }
}
