/**
 * LIST: what is selected, of one moment, in pages.
 *
 * The present is in the cache. The near past is the present with recent changes undone. What is older comes from the store's
 * history, until that is compacted: then a list cannot go on, and the client gets 410 and a token to take the rest as it is now.
 */

import type { Resource } from "@knarr/kinds/resource.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import { expired } from "@knarr/machinery/status.ts";
import { Compacted, type Store } from "@knarr/store/store.ts";
import type { Conversion, Item, ListPage, ListQuery } from "./cache.ts";
import { caughtUp } from "./caught-up.ts";
import { encodeContinue, expiredContinue } from "./continue-token.ts";
import type { EventWindow } from "./event-window.ts";
import type { Indexes } from "./indexes.ts";
import { byKey, type ItemSet } from "./item-set.ts";
import { readItem } from "./item.ts";
import { listStart, tooLargeVersion, type Moment } from "./list-options.ts";
import type { Progress } from "./progress.ts";
import { selectionOf, type Selection } from "./selection.ts";
import { Unreadable, unreadableError, type UnreadableEntries } from "./unreadable.ts";

/** Another version of the kind, for lists of it. */
export interface ListedVersion {
  readonly resource: Resource<any>;
  readonly conversion: Conversion;
}

/** Entries of the past that are read from the store at once. */
const HISTORY_PAGE = 500;

export interface ListerParts<T extends ApiObject> {
  readonly resource: Resource<T>;
  readonly prefix: string;
  readonly store: Store;
  readonly progress: Progress;
  readonly items: ItemSet<T>;
  readonly indexes: Indexes<T>;
  readonly window: EventWindow<T>;
  readonly unreadable: UnreadableEntries;
}

export class Lister<T extends ApiObject> {
  readonly #parts: ListerParts<T>;

  constructor(parts: ListerParts<T>) {
    this.#parts = parts;
  }

  async list(query: ListQuery, version?: ListedVersion): Promise<ListPage<T>> {
    const { store, progress, resource } = this.#parts;
    const { moment, from } = listStart(query);
    const selection = version
      ? withoutIndex(selectionOf<T>(version.resource, query))
      : selectionOf(resource, query);
    // Keys in tokens are relative to what is listed.
    const scope = query.namespace && resource.scope === "Namespaced" ? `${query.namespace}/` : "";
    // As upstream: who takes whatever state there is gets all of it.
    const { limit = 0 } = query.resourceVersion === "0" ? {} : query;
    const page = { selection, scope, from: scope + from, limit, conversion: version?.conversion };
    if (moment.at !== "exactly") {
      await this.reach(moment);
      if (!query.skipsUnreadable) this.check(selection);
      return await pageOf(page, this.candidates(selection, page.from), progress.revision);
    }
    const { revision } = moment;
    // Another server may have given it out just now, with the first page of a list.
    if (revision > Math.max(progress.revision, store.revision)) await caughtUp(this.#parts);
    if (revision > Math.max(progress.revision, store.revision))
      throw tooLargeVersion(revision, progress.revision);
    await progress.reached(revision);
    this.check(selection);
    try {
      if (revision < store.compacted) throw new Compacted(revision, store.compacted);
      const items = this.#recent(page, revision);
      return await (items ? pageOf(page, items, revision) : this.#old(page, revision));
    } catch (err) {
      if (err instanceof Unreadable) throw unreadableError({ key: err.key, revision, why: err.message });
      if (!(err instanceof Compacted)) throw err;
      if (query.continue) throw expiredContinue(from);
      throw expired("The resourceVersion for the provided list is too old.");
    }
  }

  /** Waits until the cache is as fresh as asked. */
  async reach(moment: Exclude<Moment, { at: "exactly" }>): Promise<void> {
    const { progress } = this.#parts;
    if (moment.at === "latest") await caughtUp(this.#parts);
    else await progress.reachedSoon(moment.revision);
  }

  /** Throws StorageReadError when something that may be selected cannot be read. */
  check(selection: Selection<T>): void {
    this.#parts.unreadable.check(this.#parts.resource, selection);
  }

  /** All that is selected now, in key order. */
  now(selection: Selection<T>): readonly Item<T>[] {
    const candidates = this.candidates(selection, "");
    return selection.isWhole ? candidates : candidates.filter(({ object }) => selection.matches(object));
  }

  /** Items that may be selected now, in key order. */
  candidates({ key, field, namespace }: Selection<T>, from: string): readonly Item<T>[] {
    const { items, indexes } = this.#parts;
    if (key !== undefined) {
      const item = items.get(key);
      return item && key >= from ? [item] : [];
    }
    if (field) return indexes.byField(field.name, field.value).filter((item) => item.key >= from);
    return items.range(namespace && `${namespace}/`, from);
  }

  /** Items as they were at a revision that the window reaches back to. */
  #recent({ selection, from }: Page<T>, revision: number): readonly Item<T>[] | undefined {
    const { window, items } = this.#parts;
    if (revision >= window.end) return this.candidates(selection, from);
    if (revision < window.start) return undefined;
    const undone = window.before(revision);
    const prefix = selection.namespace && `${selection.namespace}/`;
    const states: Item<T>[] = [];
    for (const item of items.range(prefix, from)) if (!undone.has(item.key)) states.push(item);
    for (const item of undone.values())
      if (item && item.key >= from && item.key.startsWith(prefix)) states.push(item);
    return states.sort(byKey);
  }

  /** A page of what the store still knows. */
  async #old(page: Page<T>, revision: number): Promise<ListPage<T>> {
    const { store, prefix, resource } = this.#parts;
    const { selection, scope, limit, from, conversion } = page;
    const found: Item<T>[] = [];
    // The store goes on after a key; a token names the first one wanted, which ends in a null.
    let after = from > scope ? { after: prefix + from.replace(/\0$/, "") } : {};
    for (;;) {
      const size = limit && selection.isWhole ? limit : HISTORY_PAGE;
      const { entries, remaining } = await store.list(prefix + scope, {
        revision,
        limit: size,
        count: selection.isWhole,
        ...after,
      });
      const stored = entries.map((entry) => readItem(resource, entry.key.slice(prefix.length), entry));
      for (const [index, item] of (await shownBy(conversion, stored)).entries()) {
        if (!selection.matches(item.object)) continue;
        found.push(item);
        const left = entries.length - index - 1 + remaining;
        if (found.length === limit) return cut(page, found, revision, left);
      }
      if (remaining === 0) return cut(page, found, revision, 0);
      after = { after: entries.at(-1)!.key };
    }
  }
}

interface Page<T extends ApiObject> {
  readonly selection: Selection<T>;
  readonly scope: string;
  readonly from: string;
  readonly limit: number;
  readonly conversion: Conversion | undefined;
}

/** Indexes are of what is stored. */
function withoutIndex<T extends ApiObject>(selection: Selection<T>): Selection<T> {
  return { ...selection, field: undefined };
}

function shownBy<T extends ApiObject>(
  conversion: Conversion | undefined,
  items: readonly Item<T>[],
): readonly Item<T>[] | Promise<readonly Item<T>[]> {
  return conversion ? conversion.shown(items) : items;
}

async function pageOf<T extends ApiObject>(
  page: Page<T>,
  candidates: readonly Item<T>[],
  revision: number,
): Promise<ListPage<T>> {
  const { selection, limit, conversion } = page;
  if (selection.isWhole) {
    const items = limit && limit < candidates.length ? firstOf(candidates, limit) : candidates;
    return cut(page, await shownBy(conversion, items), revision, candidates.length - items.length);
  }
  const items: Item<T>[] = [];
  for (const [index, item] of (await shownBy(conversion, candidates)).entries()) {
    if (!selection.matches(item.object)) continue;
    items.push(item);
    if (items.length === limit) return cut(page, items, revision, candidates.length - index - 1);
  }
  return cut(page, items, revision, 0);
}

/** The same array for the same page, so that what was made of it (its bytes) can be found by it. */
function firstOf<T extends ApiObject>(items: readonly Item<T>[], count: number): readonly Item<T>[] {
  const before = firstPages.get(items);
  if (before?.length === count) return before as readonly Item<T>[];
  const page = items.slice(0, count);
  firstPages.set(items, page);
  return page;
}

const firstPages = new WeakMap<readonly Item<any>[], readonly Item<any>[]>();

/** A page with `left` more keys behind it. How many of those are selected is not known when there is a selector. */
function cut<T extends ApiObject>(
  { selection, scope }: Page<T>,
  items: readonly Item<T>[],
  revision: number,
  left: number,
): ListPage<T> {
  const resourceVersion = String(revision);
  const last = items.at(-1);
  if (left === 0 || !last) return { items, resourceVersion };
  return {
    items,
    resourceVersion,
    continue: encodeContinue(revision, last.key.slice(scope.length)),
    ...(selection.isWhole && { remainingItemCount: left }),
  };
}
