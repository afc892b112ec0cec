/**
 * Opens the caches of all kinds over one store, and keeps them in step with it by one stream of changes.
 *
 * Each commit of the store arrives as one batch and is given to the kinds it concerns; only when all of them have it is the revision
 * reached, and those who wait for it (the writers, first of all) go on.
 */

import type { Resource } from "@knarr/kinds/resource.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import { ApiError } from "@knarr/machinery/status.ts";
import { realClock, type Clock } from "@knarr/std/clock.ts";
import { silent, type Logger } from "@knarr/std/log.ts";
import type { Change, Store } from "@knarr/store/store.ts";
import type { World } from "../admission/plugin.ts";
import type { StoreMetrics } from "../metrics/store-metrics.ts";
import type { Caches, ResourceCache } from "./cache.ts";
import { caughtUp } from "./caught-up.ts";
import { itemOfChange } from "./item.ts";
import { Progress } from "./progress.ts";
import { Contents } from "./contents.ts";
import { LiveCache } from "./resource-cache.ts";
import { prefixOf, storePrefix } from "./store-keys.ts";
import type { UnreadableEntry } from "./unreadable.ts";

/** As upstream: so often an idle watch hears how far it is. */
const BOOKMARK_MS = 60_000;

export interface CachesOptions {
  readonly store: Store;
  readonly resources: readonly Resource<any>[];
  readonly clock?: Clock;
  readonly metrics?: StoreMetrics;
  readonly log?: Logger;
}

/** The store stays the caller's, who closes it after the caches. */
export async function openCaches({ resources, clock = realClock, ...parts }: CachesOptions): Promise<Caches> {
  const caches = new LiveCaches({ ...parts, clock });
  try {
    await caches.add(resources);
    return caches;
  } catch (err) {
    await caches[Symbol.asyncDispose]();
    throw err;
  }
}

class LiveCaches implements Caches {
  readonly failed: Promise<never>;
  readonly world: World;
  readonly strictWorld: World;
  readonly #store: Store;
  readonly #metrics: StoreMetrics | undefined;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #progress: Progress;
  readonly #caches = new Map<string, LiveCache<any>>();
  /** Changes to kinds that are being loaded. */
  readonly #loading = new Map<string, Change[]>();
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;

  constructor({ store, clock, metrics, log = silent }: Omit<CachesOptions, "resources"> & { clock: Clock }) {
    this.#log = log;
    this.#store = store;
    this.#metrics = metrics;
    this.#clock = clock;
    this.#progress = new Progress(store.revision, clock);
    this.world = {
      get: (resource, key) => this.of(resource).get(key)?.object,
      list: (resource, namespace) =>
        this.of(resource)
          .items(namespace)
          .map(({ object }) => object),
    };
    this.strictWorld = {
      get: (resource, key) => {
        this.of(resource).checkReadable(key);
        return this.world.get(resource, key);
      },
      list: this.world.list,
    };
    const following = this.#follow(store.revision);
    this.failed = new Promise((_, reject) => following.catch(reject));
    following.then(
      () => this.#progress.fail(unavailable("it is stopping")),
      (err: Error) => this.#progress.fail(unavailable(err.message)),
    );
    this.failed.catch(() => {}); // whoever starts the server looks at it; nobody must
    this.#running = Promise.allSettled([following, this.#tick()]);
  }

  get revision(): number {
    return this.#progress.revision;
  }

  get trouble(): string | undefined {
    return this.#store.trouble;
  }

  caughtUp(): Promise<void> | undefined {
    return caughtUp({ store: this.#store, progress: this.#progress });
  }

  async add(resources: readonly Resource<any>[]): Promise<void> {
    const wanted = resources.map((resource) => stored(resource));
    const missing = wanted.filter((resource) => !this.#caches.has(storePrefix(resource)));
    await Promise.all([...new Set(missing)].map((resource) => this.#load(resource)));
  }

  async reload(resource: Resource<any>): Promise<void> {
    const cache = this.of(resource) as LiveCache<any>;
    await this.#read(resource, (contents) => cache.adopt(contents));
  }

  remove(resource: Resource<any>): void {
    const prefix = storePrefix(stored(resource));
    this.#caches.get(prefix)?.retire();
    this.#caches.delete(prefix);
  }

  of<T extends ApiObject>(resource: Resource<T>): ResourceCache<T> {
    const cache = this.#caches.get(storePrefix(stored(resource)));
    if (!cache) throw new Error(`Cannot find the cache of ${resource.plural}: nobody added it`);
    return cache as LiveCache<T>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    for (const cache of this.#caches.values()) cache.close();
    await this.#running;
  }

  async #load(resource: Resource<any>): Promise<void> {
    const parts = {
      store: this.#store,
      progress: this.#progress,
      clock: this.#clock,
      metrics: this.#metrics,
    };
    await this.#read(resource, (contents) =>
      this.#caches.set(storePrefix(resource), new LiveCache(parts, contents)),
    );
  }

  /** `take` gets all there is in the moment when nothing of it is missing: what is committed later comes to who has taken it. */
  async #read(resource: Resource<any>, take: (contents: Contents<any>) => void): Promise<void> {
    const prefix = storePrefix(resource);
    const changes: Change[] = [];
    this.#loading.set(prefix, changes);
    try {
      const parts = {
        resource,
        store: this.#store,
        progress: this.#progress,
        clock: this.#clock,
        onUnreadable: ({ key, why }: UnreadableEntry) => {
          this.#log.error("Object in the store could not be read", { key, why });
          this.#metrics?.unreadable(resource);
        },
      };
      const contents = await Contents.load(parts, this.#progress.revision);
      // All that was committed since has come by while it was loading.
      contents.apply(changes, (change, key, current) => itemOfChange(resource, change, key, current));
      take(contents);
    } finally {
      this.#loading.delete(prefix);
    }
  }

  async #follow(after: number): Promise<void> {
    // All keys, others' too (upstream has some outside its root): so no revision is waited for that does not come by.
    for await (const batch of this.#store.watch("", after, this.#stop.signal)) {
      for (const [prefix, changes] of this.#byPrefix(batch)) {
        this.#caches.get(prefix)?.apply(changes);
        this.#loading.get(prefix)?.push(...changes);
      }
      this.#progress.advance(batch.at(-1)!.entry.revision);
    }
  }

  /** The changes of each kind. Most commits concern one. */
  #byPrefix(batch: readonly Change[]): Map<string, Change[]> {
    const isKnown = (prefix: string): boolean => this.#caches.has(prefix) || this.#loading.has(prefix);
    const changes = new Map<string, Change[]>();
    for (const change of batch) {
      const prefix = prefixOf(change.entry.key, isKnown);
      const known = changes.get(prefix);
      if (known) known.push(change);
      else changes.set(prefix, [change]);
    }
    return changes;
  }

  async #tick(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#clock.sleep(BOOKMARK_MS, signal);
      for (const cache of this.#caches.values()) cache.tick(this.#progress.revision);
    }
  }
}

function unavailable(why: string): ApiError {
  return new ApiError("ServiceUnavailable", `The server does not follow its store any more: ${why}`);
}

function stored(resource: Resource<any>): Resource<any> {
  return resource.stored?.as ?? resource;
}
