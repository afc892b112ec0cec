/**
 * A live copy of all objects of one kind (or those a selection names), kept by LIST and WATCH.
 *
 * Promises: each object's states arrive in order, and subscribers are called once per change, after the copy and its
 * indexes have it; an object deleted while the watch was away is reported as removed after the next list; every object
 * is frozen. Not promised: that no state is skipped, or any order between objects.
 *
 * A subscriber must be quick and must not throw: it runs inside the event's delivery. Hand long work to a queue.
 *
 * What nobody can read in the server's store stays in the copy as it was last known. What was never known is left out and named
 * (`unreadable`), and who must not take it for absent waits until it can be read or is gone (`synced`).
 *
 * Life of the copy: list at a revision, watch from it, go on from the last revision seen when a watch ends, and list again (telling
 * subscribers the difference only) when the server answers that this revision is gone.
 */

import type { Resource } from "@knarr/kinds/resource.ts";
import { keyOf, type ApiObject } from "@knarr/machinery/object.ts";
import { isExpired } from "@knarr/machinery/status.ts";
import { Backoff } from "@knarr/std/backoff.ts";
import type { Clock } from "@knarr/std/clock.ts";
import { deepFreeze } from "@knarr/std/freeze.ts";
import type { Logger } from "@knarr/std/log.ts";
import type { Index } from "./cache.ts";
import { ObjectStore } from "./object-store.ts";
import { listReadable } from "./readable-list.ts";
import { compareResourceVersions } from "./resource-version.ts";
import type { Selection, Transport, WatchEvent } from "./transport.ts";

export type InformerChange<T extends ApiObject> =
  | { readonly type: "added"; readonly object: T; readonly previous?: undefined }
  | { readonly type: "changed"; readonly object: T; readonly previous: T }
  /** `object` is the last state known. */
  | { readonly type: "removed"; readonly object: T; readonly previous?: undefined };

export interface InformerOptions<T extends ApiObject> {
  readonly transport: Transport;
  readonly resource: Resource<T>;
  readonly selection?: Selection;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A watch that ended sooner than this without telling anything is treated as failed, so that it cannot become a busy loop. */
const SHORT_WATCH_MS = 1000;

export class Informer<T extends ApiObject = ApiObject> {
  readonly resource: Resource<T>;
  readonly selection: Selection;
  readonly #options: InformerOptions<T>;
  readonly #objects = new ObjectStore<T>();
  readonly #subscribers = new Set<(change: InformerChange<T>) => void>();
  readonly #listed = Promise.withResolvers<void>();
  readonly #synced = Promise.withResolvers<void>();
  #hasListed = false;
  #hasSynced = false;
  #unreadable: ReadonlySet<string> = new Set();
  /** Everything up to here is in the copy; empty before the first list. */
  #resourceVersion = "";
  #mustList = true;
  #waiting: { resourceVersion: string; resolve: () => void }[] = [];

  constructor(options: InformerOptions<T>) {
    this.#options = options;
    this.resource = options.resource;
    this.selection = options.selection ?? {};
  }

  /** Resolves when a list is in the copy that leaves nothing out. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  /** Resolves when the first list is in the copy, and be it without what cannot be read. */
  get listed(): Promise<void> {
    return this.#listed.promise;
  }

  get hasListed(): boolean {
    return this.#hasListed;
  }

  /** Whether there is an object that cannot be read, as far as the last list knew. */
  isUnreadable(key: string): boolean {
    return this.#unreadable.has(key);
  }

  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  get resourceVersion(): string {
    return this.#resourceVersion;
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(namespace?: string): readonly T[] {
    return this.#objects.list(namespace);
  }

  ownedBy(uid: string): readonly T[] {
    return this.#objects.ownedBy(uid);
  }

  by(index: Index<T>, value: string): readonly T[] {
    return this.#objects.by(index, value);
  }

  addIndex(index: Index<T>): void {
    this.#objects.addIndex(index);
  }

  /** Calls `subscriber` for every object there is (as added), and from then on for every change. */
  subscribe(subscriber: (change: InformerChange<T>) => void): Disposable {
    for (const object of this.#objects.list()) subscriber({ type: "added", object });
    return this.subscribeToChanges(subscriber);
  }

  /** Calls `subscriber` for every change from now on. */
  subscribeToChanges(subscriber: (change: InformerChange<T>) => void): Disposable {
    this.#subscribers.add(subscriber);
    return { [Symbol.dispose]: () => void this.#subscribers.delete(subscriber) };
  }

  /** Whether the copy has everything up to `resourceVersion`. */
  hasSeen(resourceVersion: string): boolean {
    return this.#hasListed && compareResourceVersions(this.#resourceVersion, resourceVersion) >= 0;
  }

  /** Resolves as soon as the copy has everything up to `resourceVersion`. */
  whenSeen(resourceVersion: string): Promise<void> {
    if (this.hasSeen(resourceVersion)) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ resourceVersion, resolve }));
  }

  /** Resolves as soon as the object with `uid` is no longer in the copy. */
  whenGone(key: string, uid: string): Promise<void> {
    if (this.#objects.get(key)?.metadata.uid !== uid) return Promise.resolve();
    return new Promise((resolve) => {
      const subscription = this.subscribeToChanges(({ type, object }) => {
        if (type !== "removed" || object.metadata.uid !== uid) return;
        subscription[Symbol.dispose]();
        resolve();
      });
    });
  }

  /** Keeps the copy until `signal` aborts. Never throws: what fails is tried again, ever more slowly, and logged. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    const backoff = new Backoff({ baseMs: 100, maxMs: 30_000 });
    while (!signal.aborted) {
      try {
        if (this.#mustList) await this.#list(signal);
        const started = clock.now();
        const told = await this.#watch(signal);
        if (told || clock.now() - started > SHORT_WATCH_MS) backoff.forget("");
        else await clock.sleep(backoff.next(""), signal);
      } catch (err) {
        if (signal.aborted) return;
        if (isExpired(err) && !this.#mustList) {
          this.#mustList = true;
          log.debug("Watch expired, listing again", { resource: this.resource.plural });
        } else {
          this.#report(err, backoff.failures("") + 1);
        }
        await clock.sleep(backoff.next(""), signal).catch(() => undefined); // rejects only on abort, which ends the loop
      }
    }
  }

  /** Every failure to who debugs; to others the 2nd, 4th, 8th, … in a row, since the first is often only a restart. */
  #report(err: unknown, failures: number): void {
    const { log } = this.#options;
    const fields = { resource: this.resource.plural, err, failures };
    if (failures > 1 && Number.isInteger(Math.log2(failures))) log.info("Watch failed", fields);
    else log.debug("Watch failed", fields);
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { transport, log } = this.#options;
    const { list, unreadable } = await listReadable(transport, this, signal);
    this.#unreadable = unreadable;
    if (unreadable.size > 0)
      log.error("Objects cannot be read", { resource: this.resource.plural, keys: [...unreadable] });
    this.#replace(list.items);
    this.#mustList = false;
    this.#advance(list.metadata.resourceVersion ?? "0");
    this.#hasListed = true;
    this.#listed.resolve();
    if (unreadable.size === 0) {
      this.#hasSynced = true;
      this.#synced.resolve();
    }
    this.#wake();
  }

  /** Returns whether the watch told anything. */
  async #watch(signal: AbortSignal): Promise<boolean> {
    let told = false;
    const watch = this.#options.transport.watch(this.resource, this.selection, this.#resourceVersion, signal);
    for await (const events of watch) {
      told = true;
      for (const event of events) this.#apply(event);
      this.#wake();
    }
    return told;
  }

  #apply(event: WatchEvent<T>): void {
    if (event.type === "BOOKMARK") this.#advance(event.object.metadata.resourceVersion);
    else {
      if (event.type === "DELETED") this.#remove(keyOf(event.object), event.object);
      else this.#put(event.object);
      this.#advance(event.object.metadata.resourceVersion!);
    }
  }

  /** Makes the copy what a list says, telling subscribers only what differs. */
  #replace(items: readonly T[]): void {
    const listed = new Set<string>();
    for (const object of items) {
      const key = keyOf(object);
      listed.add(key);
      const previous = this.#objects.get(key);
      if (previous?.metadata.resourceVersion === object.metadata.resourceVersion && previous) continue;
      this.#put(object);
    }
    for (const object of this.#objects.list()) {
      const key = keyOf(object);
      if (!listed.has(key) && !this.#unreadable.has(key)) this.#remove(key, object);
    }
  }

  #put(object: T): void {
    deepFreeze(object);
    const key = keyOf(object);
    const previous = this.#objects.get(key);
    // The same name may be another object: between two events (or lists) one was deleted and one created.
    if (previous && previous.metadata.uid !== object.metadata.uid) this.#remove(key, previous);
    this.#objects.put(key, object);
    if (previous && previous.metadata.uid === object.metadata.uid)
      this.#tell({ type: "changed", object, previous });
    else this.#tell({ type: "added", object });
  }

  #remove(key: string, object: T): void {
    if (!this.#objects.remove(key)) return;
    this.#tell({ type: "removed", object: deepFreeze(object) });
  }

  #tell(change: InformerChange<T>): void {
    for (const subscriber of this.#subscribers) subscriber(change);
  }

  #advance(resourceVersion: string): void {
    this.#resourceVersion = resourceVersion;
  }

  #wake(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const waiter of waiting) {
      if (this.hasSeen(waiter.resourceVersion)) waiter.resolve();
      else this.#waiting.push(waiter);
    }
  }
}
