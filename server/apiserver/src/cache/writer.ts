/**
 * Writes of one kind: decided on the cached state, checked by the store, and answered when the cache has them.
 *
 * Two writers of one object take turns: the second decides after it has seen what the first has made, so the store has to refuse
 * a write only when another server was faster.
 */

import { groupResource } from "@knarr/kinds/resource.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import { ApiError, notFound } from "@knarr/machinery/status.ts";
import { splitKey } from "@knarr/machinery/object.ts";
import { RevisionChanged, type Change, type Store } from "@knarr/store/store.ts";
import type { Item } from "./cache.ts";
import type { StoreMetrics } from "../metrics/store-metrics.ts";
import { unavailable } from "./caught-up.ts";
import type { Contents } from "./contents.ts";
import { unreadableError } from "./unreadable.ts";
import { draftOf, isSame, itemOf, itemOfChange, type Draft } from "./item.ts";
import type { Progress } from "./progress.ts";

/** A write of ours that the store has been given. */
interface Sent<T extends ApiObject> {
  readonly draft: Draft<T> | undefined;
  /** Filled when the cache takes the change. */
  item: Item<T> | undefined;
}

export interface WriterParts<T extends ApiObject> {
  readonly store: Store;
  readonly progress: Progress;
  readonly metrics?: StoreMetrics | undefined;
  /** What is decided by, and as what it is written: others when the schema has changed. */
  contents(): Pick<Contents<T>, "resource" | "prefix" | "items" | "unreadable">;
  /** The kind is not served any more: nothing is told of its changes. */
  isRetired(): boolean;
}

export class Writer<T extends ApiObject> {
  readonly #parts: WriterParts<T>;
  /** Writes under way, by key. */
  readonly #sent = new Map<string, Sent<T>>();
  readonly #turns = new Map<string, Promise<void>>();

  constructor(parts: WriterParts<T>) {
    this.#parts = parts;
  }

  async write(
    key: string,
    change: (current: Item<T> | undefined) => T | Promise<T>,
  ): Promise<{ readonly item: Item<T>; readonly created: boolean }> {
    for (;;) {
      while (this.#turns.has(key)) await this.#turns.get(key);
      const current = this.#get(key);
      const changed = change(current);
      const object = changed instanceof Promise ? await changed : changed;
      if (this.#turns.has(key) || this.#get(key) !== current) continue;
      const draft = draftOf(this.#parts.contents().resource, key, object);
      if (current && !current.isOutdated && isSame(draft, current)) return { item: current, created: false };
      const item = await this.#commit(key, draft, current);
      if (item) return { item, created: current === undefined };
    }
  }

  async delete(key: string, check?: (current: T, item: Item<T>) => void | Promise<void>): Promise<Item<T>> {
    for (;;) {
      while (this.#turns.has(key)) await this.#turns.get(key);
      const current = this.#get(key);
      if (!current) throw notFound(groupResource(this.#parts.contents().resource), splitKey(key).name);
      const checked = check?.(current.object, current);
      if (checked instanceof Promise) await checked;
      if (this.#turns.has(key) || this.#get(key) !== current) continue;
      const item = await this.#commit(key, undefined, current);
      if (item) return item;
    }
  }

  /** Deletes what cannot be read, whatever it is. */
  async discard(key: string): Promise<void> {
    for (;;) {
      while (this.#turns.has(key)) await this.#turns.get(key);
      const lost = this.#parts.contents().unreadable.get(key);
      if (!lost) return;
      await this.#commit(key, undefined, lost);
    }
  }

  /** What a change of the store makes of an item, without parsing what was written here. */
  itemOf(change: Change, key: string, current: Item<T> | undefined): Item<T> {
    const { type, entry } = change;
    const sent = this.#sent.get(key);
    const isOurs = type === "put" && sent?.draft?.stored === entry.value;
    if (isOurs) return (sent.item = itemOf(sent.draft!, entry.revision));
    const item = itemOfChange(this.#parts.contents().resource, change, key, current);
    if (type === "delete" && sent && !sent.draft) sent.item = item;
    return item;
  }

  #get(key: string): Item<T> | undefined {
    const { contents, isRetired } = this.#parts;
    if (isRetired())
      throw new ApiError("TooManyRequests", "storage is (re)initializing", { retryAfterSeconds: 1 });
    const { items, unreadable } = contents();
    const lost = unreadable.get(key);
    if (lost) throw unreadableError(lost);
    return items.get(key);
  }

  /** Nothing when somebody else was faster: the cache has seen it by then. */
  async #commit(
    key: string,
    draft: Draft<T> | undefined,
    current: { readonly revision: number } | undefined,
  ): Promise<Item<T> | undefined> {
    const { store, progress, contents, metrics } = this.#parts;
    const { prefix, resource } = contents();
    const { lifetimeSeconds: seconds } = resource;
    const sent: Sent<T> = { draft, item: undefined };
    const { promise: turn, resolve: done } = Promise.withResolvers<void>();
    this.#sent.set(key, sent);
    this.#turns.set(key, turn);
    try {
      const expected = current?.revision ?? 0;
      const asked = draft
        ? store.put(prefix + key, draft.stored, expected, { ...(seconds && { seconds }) })
        : store.delete(prefix + key, expected).then(({ entry }) => entry);
      const operation = draft ? (current ? "update" : "create") : "delete";
      const { revision } = await (metrics?.measure(operation, resource, asked) ?? asked);
      await progress.reached(revision);
      return sent.item;
    } catch (err) {
      if (!(err instanceof RevisionChanged)) throw unavailable(err);
      await progress.reached(Math.max(err.current?.revision ?? 0, store.revision));
      return undefined;
    } finally {
      this.#sent.delete(key);
      this.#turns.delete(key);
      done();
    }
  }
}
