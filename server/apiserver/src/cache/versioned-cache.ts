/**
 * Lists and watches of a kind in one version, when what is stored may be in another: everything is converted before it is selected,
 * for selectors mean fields and labels of the version that was asked for.
 *
 * Conversion may take time (a webhook). So that watchers get changes in order and without a gap all the same, commits, bookmarks and new watches
 * stand in one queue: each waits until what was before it has been converted. When nothing has to wait, a change reaches its watchers
 * inside the commit, as it does in the stored version. A change that cannot be converted ends the watches: nobody knows what they would miss.
 */

import type { Resource } from "@knarr/kinds/resource.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import type { ApiError } from "@knarr/machinery/status.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type {
  Conversion,
  Item,
  ItemChange,
  ListPage,
  ListQuery,
  Versioned,
  Watch,
  WatchQuery,
  WatchSink,
} from "./cache.ts";
import type { Contents } from "./contents.ts";
import { Dispatcher } from "./dispatcher.ts";
import { eventsOf } from "./events.ts";
import { withRevision } from "./item.ts";
import { watchStart, type WatchStart } from "./list-options.ts";
import type { Progress } from "./progress.ts";
import { selectionOf } from "./selection.ts";
import { bookmark, SharedBatch, SharedChange } from "./watch-batch.ts";
import { Watcher } from "./watcher.ts";

export interface VersionedCacheParts<T extends ApiObject> {
  readonly cache: { readonly contents: Contents<T> };
  readonly resource: Resource<any>;
  readonly conversion: Conversion;
  readonly progress: Progress;
  readonly clock: Clock;
}

export class VersionedCache<T extends ApiObject> implements Versioned {
  readonly #parts: VersionedCacheParts<T>;
  readonly #dispatcher: Dispatcher<T>;
  /** Set while something is being converted. */
  #queue: Promise<void> | undefined;
  /** All that was committed up to it has been dispatched. */
  #revision: number;

  constructor(parts: VersionedCacheParts<T>) {
    this.#parts = parts;
    this.#dispatcher = new Dispatcher(parts.resource, parts.clock);
    this.#revision = parts.progress.revision;
  }

  get watches(): number {
    return this.#dispatcher.size;
  }

  async list(query: ListQuery = {}): Promise<ListPage<T>> {
    const { cache, resource, conversion } = this.#parts;
    for (;;) {
      const { contents } = cache;
      const page = await contents.lister.list(query, { resource, conversion });
      if (contents === cache.contents) return page;
    }
  }

  async watch(query: WatchQuery, sink: WatchSink<T>): Promise<Watch> {
    const { resource, cache, progress } = this.#parts;
    const start = watchStart(query);
    const { watches } = cache.contents;
    await watches.prepare(start);
    // From here to its place in the queue nothing may wait.
    const beginning = this.#beginning(query, start);
    beginning.catch(() => {}); // its turn to be looked at comes later
    const { revision } = progress;
    const selection = selectionOf<T>(resource, query);
    const watcher = new Watcher(sink, {
      wantsBookmarks: query.allowWatchBookmarks ?? false,
      leave: (leaving) => this.#dispatcher.remove(selection, leaving),
      flush: (held) => this.#dispatcher.flush(selection, held),
      makeBookmark: () => bookmark(resource, this.#revision),
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#inTurn(async () => {
      try {
        const changes = await beginning;
        this.#dispatcher.add(selection, watcher);
        const events = changes.missed.flatMap((change) => new SharedChange(change).through(selection) ?? []);
        const isEndWanted = start.from === "state" && query.allowWatchBookmarks;
        watcher.start({
          items: changes.items.filter(({ object }) => selection.matches(object)),
          then: [
            ...(events.length > 0 ? [new SharedBatch(events)] : []),
            ...(isEndWanted
              ? [bookmark<T>(resource, revision, { isInitialEnd: query.sendInitialEvents === true })]
              : []),
          ],
        });
        resolve();
      } catch (err) {
        reject(err as Error);
      }
    });
    await promise;
    return watcher;
  }

  events(query: WatchQuery, signal: AbortSignal) {
    return eventsOf((sink: WatchSink<T>) => this.watch(query, sink), signal);
  }

  /** Takes what one commit changed, in revision order. */
  dispatch(changes: readonly ItemChange<T>[]): void {
    const { revision } = changes.at(-1)!.item;
    this.#inTurn(() => {
      this.#revision = revision;
      if (this.#dispatcher.isEmpty) return;
      const converted = this.#converted(changes);
      if (converted instanceof Promise) return converted.then((late) => this.#dispatcher.dispatch(late));
      this.#dispatcher.dispatch(converted);
    });
  }

  tick(revision: number): void {
    this.#inTurn(() => {
      this.#revision = revision;
      this.#dispatcher.bookmarks(revision);
    });
  }

  end(error: ApiError): void {
    this.#inTurn(() => this.#dispatcher.end(error));
  }

  close(): void {
    this.#dispatcher.close();
  }

  /** Does `step` when all before it is done: at once, if that is so. */
  #inTurn(step: () => void | Promise<void>): void {
    const run = (): void | Promise<void> => {
      try {
        return step();
      } catch (err) {
        this.#dispatcher.end(err as ApiError);
      }
    };
    const running = this.#queue ? this.#queue.then(run) : run();
    if (!running) return;
    const queue = running
      .catch((err: unknown) => this.#dispatcher.end(err as ApiError))
      .finally(() => {
        if (this.#queue === queue) this.#queue = undefined;
      });
    this.#queue = queue;
  }

  /** The state, or the changes since, as of now. */
  async #beginning(query: WatchQuery, start: WatchStart): Promise<Beginning<T>> {
    const { lister, window } = this.#parts.cache.contents;
    if (start.from === "revision")
      return { items: [], missed: await this.#converted(window.since(start.revision)) };
    if (start.from === "now") return { items: [], missed: [] };
    const selection = { ...selectionOf<T>(this.#parts.resource, query), field: undefined };
    lister.check(selection);
    return { items: await this.#shown(lister.candidates(selection, "")), missed: [] };
  }

  #shown(items: readonly Item<T>[]): readonly Item<T>[] | Promise<readonly Item<T>[]> {
    return this.#parts.conversion.shown(items);
  }

  /** What a delete leaves behind is what was there before it, under another revision: that need not be converted. */
  #converted(
    changes: readonly ItemChange<T>[],
  ): readonly ItemChange<T>[] | Promise<readonly ItemChange<T>[]> {
    const items = changes.flatMap(({ type, item, previous }) =>
      type === "DELETED" ? [previous ?? item] : previous ? [item, previous] : [item],
    );
    const assembled = (shown: readonly Item<T>[]): readonly ItemChange<T>[] => {
      let at = 0;
      return changes.map(({ type, item, previous }) => {
        const first = shown[at++]!;
        if (type !== "DELETED") return { type, item: first, previous: previous && shown[at++]! };
        return { type, item: withRevision(first, item.revision), previous: previous && first };
      });
    };
    const shown = this.#shown(items);
    return shown instanceof Promise ? shown.then(assembled) : assembled(shown);
  }
}

interface Beginning<T extends ApiObject> {
  readonly items: readonly Item<T>[];
  readonly missed: readonly ItemChange<T>[];
}
