/**
 * Brings changes to the watchers that selected them.
 *
 * Watchers that select the same form a group, and a group lies in one bucket: that of the one thing all its objects have in common (a key, a node, a
 * namespace, or nothing). A change looks into the buckets its object is in, or was in, and nowhere else; so thousands of watches on
 * single objects cost a change to another one nothing. Selecting, and making bytes, is done once per group, and telling many may wait a
 * moment for more to tell (`watch-group.ts`).
 */

import type { Resource } from "@knarr/kinds/resource.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import type { ApiError } from "@knarr/machinery/status.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { ItemChange } from "./cache.ts";
import { bucketsOf, type Selection } from "./selection.ts";
import { bookmark, SharedChange } from "./watch-batch.ts";
import { WatchGroup } from "./watch-group.ts";
import type { Watcher } from "./watcher.ts";

export class Dispatcher<T extends ApiObject> {
  readonly #resource: Resource<T>;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Map<string, WatchGroup<T>>>();
  #isClosed = false;

  constructor(resource: Resource<T>, clock: Clock) {
    this.#resource = resource;
    this.#clock = clock;
  }

  /** How many watches there are. */
  get size(): number {
    return this.#watchers().length;
  }

  get isEmpty(): boolean {
    return this.#buckets.size === 0;
  }

  /** Ends the watcher at once when there is nothing to come. */
  add(selection: Selection<T>, watcher: Watcher<T>): void {
    if (this.#isClosed) return watcher.end();
    const { bucket } = selection;
    const id = groupOf(selection.id, watcher);
    let groups = this.#buckets.get(bucket);
    if (!groups) this.#buckets.set(bucket, (groups = new Map()));
    let group = groups.get(id);
    const options = { selection, clock: this.#clock, mayHold: watcher.prefersBatches };
    if (!group) groups.set(id, (group = new WatchGroup(options)));
    group.flush();
    group.watchers.add(watcher);
  }

  remove({ bucket, id }: Selection<T>, watcher: Watcher<T>): void {
    const groups = this.#buckets.get(bucket);
    const group = groups?.get(groupOf(id, watcher));
    if (!groups || !group) return;
    group.watchers.delete(watcher);
    if (group.watchers.size === 0) groups.delete(groupOf(id, watcher));
    if (groups.size === 0) this.#buckets.delete(bucket);
  }

  dispatch(changes: readonly ItemChange<T>[]): void {
    if (this.#buckets.size === 0) return;
    const touched = new Set<WatchGroup<T>>();
    for (const change of changes) {
      const shared = new SharedChange(change);
      for (const bucket of bucketsOf(this.#resource, change.item.object, change.previous?.object)) {
        for (const group of this.#buckets.get(bucket)?.values() ?? []) {
          const event = shared.through(group.selection);
          if (!event) continue;
          group.push(event);
          touched.add(group);
        }
      }
    }
    for (const group of touched) group.send();
  }

  /** Tells `watcher`, and those who select the same, what waits for more to tell. */
  flush({ bucket, id }: Selection<T>, watcher: Watcher<T>): void {
    this.#buckets.get(bucket)?.get(groupOf(id, watcher))?.flush();
  }

  /** One bookmark, shared by all who want it. */
  bookmarks(revision: number): void {
    const batch = bookmark(this.#resource, revision);
    for (const watcher of this.#watchers()) watcher.bookmark(batch);
  }

  end(error?: ApiError): void {
    for (const group of this.#groups()) group.flush();
    for (const watcher of this.#watchers()) watcher.end(error);
  }

  /** Ends those there are and those that come. */
  close(): void {
    this.#isClosed = true;
    this.end();
  }

  #groups(): WatchGroup<T>[] {
    return [...this.#buckets.values()].flatMap((groups) => [...groups.values()]);
  }

  #watchers(): Watcher<T>[] {
    return this.#groups().flatMap((group) => [...group.watchers]);
  }
}

/** Who may be told a moment later does not share a group with who may not. */
function groupOf<T extends ApiObject>(id: string, { prefersBatches }: Watcher<T>): string {
  return prefersBatches ? `${id}\nbatches` : id;
}
