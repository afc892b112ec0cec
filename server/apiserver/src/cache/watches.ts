/**
 * How a watch begins: with the state, with what was missed since a revision, or with now. From the moment it is started nothing is lost
 * between its beginning and the commits that follow, because that moment is one synchronous step.
 */

import type { Resource } from "@knarr/kinds/resource.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Watch, WatchQuery, WatchSink } from "./cache.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { EventWindow } from "./event-window.ts";
import { tooOld, type History } from "./history.ts";
import type { WatchStart } from "./list-options.ts";
import type { Lister } from "./lister.ts";
import type { Progress } from "./progress.ts";
import { selectionOf, type Selection } from "./selection.ts";
import { bookmark, SharedBatch, SharedChange } from "./watch-batch.ts";
import { Watcher, type WatcherStart } from "./watcher.ts";

export interface WatchesParts<T extends ApiObject> {
  readonly resource: Resource<T>;
  readonly progress: Progress;
  readonly clock: Clock;
  readonly window: EventWindow<T>;
  readonly history: History<T>;
  readonly lister: Lister<T>;
  readonly dispatcher: Dispatcher<T>;
}

/** How often the past is fetched again when the window moves on just then. */
const TRIES = 3;

export class Watches<T extends ApiObject> {
  readonly #parts: WatchesParts<T>;

  constructor(parts: WatchesParts<T>) {
    this.#parts = parts;
  }

  async start(query: WatchQuery, start: WatchStart, sink: WatchSink<T>): Promise<Watch> {
    const selection = selectionOf(this.#parts.resource, query);
    await this.prepare(start);
    // From here on nothing may wait.
    const { resource, progress, dispatcher, lister } = this.#parts;
    if (start.from === "state") lister.check(selection);
    const watcher = new Watcher(sink, {
      wantsBookmarks: query.allowWatchBookmarks ?? false,
      leave: (leaving) => dispatcher.remove(selection, leaving),
      flush: (held) => dispatcher.flush(selection, held),
      makeBookmark: () => bookmark(resource, progress.revision),
    });
    dispatcher.add(selection, watcher);
    watcher.start(this.#beginning(query, start, selection));
    return watcher;
  }

  /** Waits until the cache has what the watch starts with. */
  async prepare(start: WatchStart): Promise<void> {
    const { progress, window, history, lister, clock } = this.#parts;
    if (start.from === "state" && start.moment.at !== "exactly") await lister.reach(start.moment);
    if (start.from !== "revision") return;
    const { revision } = start;
    await progress.reachedSoon(revision);
    for (let i = 0; revision < window.start; i++) {
      if (i === TRIES) throw tooOld(revision, window.start);
      await history.extend(window, revision, () => clock.now());
    }
  }

  #beginning(query: WatchQuery, start: WatchStart, selection: Selection<T>): WatcherStart<T> {
    const { resource, progress, window, lister } = this.#parts;
    if (start.from === "now") return { items: [], then: [] };
    if (start.from === "state") {
      const isEndWanted = query.allowWatchBookmarks;
      const end = isEndWanted
        ? [bookmark<T>(resource, progress.revision, { isInitialEnd: query.sendInitialEvents === true })]
        : [];
      return { items: lister.now(selection), then: end };
    }
    const events = window
      .since(start.revision)
      .flatMap((change) => new SharedChange(change).through(selection) ?? []);
    return { items: [], then: events.length > 0 ? [new SharedBatch(events)] : [] };
  }
}
