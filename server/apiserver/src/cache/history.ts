/**
 * Changes of one kind that happened before its window starts, read from the store: for watches that come back late, or after the
 * server has been started anew.
 */

import type { Resource } from "@knarr/kinds/resource.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import { expired } from "@knarr/machinery/status.ts";
import { Compacted, type Change, type Store } from "@knarr/store/store.ts";
import type { Item, ItemChange } from "./cache.ts";
import type { EventWindow } from "./event-window.ts";
import { readItem, withRevision } from "./item.ts";
import { Unreadable } from "./unreadable.ts";

/** Who has missed more than this had better list again. */
const MAX_CHANGES = 8192;

export class History<T extends ApiObject> {
  readonly #resource: Resource<T>;
  readonly #prefix: string;
  readonly #store: Store;

  constructor(resource: Resource<T>, prefix: string, store: Store) {
    this.#resource = resource;
    this.#prefix = prefix;
    this.#store = store;
  }

  /** Makes the window reach back to `revision`. Throws Expired when the past is gone, or too much has happened since. */
  async extend(window: EventWindow<T>, revision: number, now: () => number): Promise<void> {
    try {
      while (revision < window.start) {
        const { start } = window;
        const changes = await this.#read(revision, start);
        // It may have moved on in the meantime: then there would be a gap.
        if (window.start === start) window.extend(changes, revision, now());
      }
    } catch (err) {
      if (err instanceof Compacted) throw tooOld(revision, err.compacted);
      if (err instanceof Unreadable) throw tooOld(revision, window.start); // a list tells what it is
      throw err;
    }
  }

  async #read(after: number, upTo: number): Promise<ItemChange<T>[]> {
    const changes: ItemChange<T>[] = [];
    const states = new Map<string, Item<T>>();
    for await (const batch of this.#store.changes(this.#prefix, after, upTo)) {
      if (changes.length + batch.length > MAX_CHANGES) throw tooOld(after, batch[0]!.entry.revision);
      for (const change of batch) changes.push(await this.#changeOf(change, states));
    }
    return changes;
  }

  async #changeOf({ type, entry }: Change, states: Map<string, Item<T>>): Promise<ItemChange<T>> {
    const key = entry.key.slice(this.#prefix.length);
    const isNew = type === "put" && entry.created === entry.revision;
    const previous = isNew
      ? undefined
      : (states.get(key) ?? (await this.#itemBefore(entry.key, entry.revision)));
    if (type === "delete") {
      states.delete(key);
      const last = previous ?? readItem(this.#resource, key, entry);
      return { type: "DELETED", item: withRevision(last, entry.revision), previous: last };
    }
    const item = readItem(this.#resource, key, entry);
    states.set(key, item);
    return { type: previous ? "MODIFIED" : "ADDED", item, previous };
  }

  async #itemBefore(key: string, revision: number): Promise<Item<T> | undefined> {
    const entry = await this.#store.get(key, { revision: revision - 1 });
    return entry && readItem(this.#resource, key.slice(this.#prefix.length), entry);
  }
}

/** 410, in the words clients know. */
export function tooOld(revision: number, oldest: number) {
  return expired(`too old resource version: ${revision} (${oldest})`);
}
