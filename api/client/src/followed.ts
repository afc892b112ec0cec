/**
 * Kinds that a controller watches because objects name them, beside those it declares. What it follows may change from one reconcile to
 * the next; a kind that nobody wants any more is let go, and its copy with it. A kind that is watched anyway is not copied twice.
 */

import type { Resource } from "@knarr/kinds/resource.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import type { Cache } from "./cache.ts";
import type { Follow, FollowedCache, Watch } from "./controller.ts";
import { Informer } from "./informer.ts";
import type { Informers } from "./informers.ts";
import type { Transport } from "./transport.ts";

export interface FollowedOptions {
  readonly informers: Informers;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Logger;
  wake(key: string): void;
}

interface Following {
  readonly informer: Informer<any>;
  readonly subscription: Disposable;
  /** For a copy of our own. */
  readonly own?: { readonly stop: AbortController; readonly running: Promise<void> };
}

export class Followed implements AsyncDisposable {
  readonly #options: FollowedOptions;
  readonly #following = new Map<string, Following>();
  readonly #ending = new Set<Promise<void>>();
  readonly #cache: Cache;

  constructor(options: FollowedOptions) {
    this.#options = options;
    this.#cache = {
      get: (resource, key) => this.#of(resource).get(key),
      list: (resource, namespace) => this.#of(resource).list(namespace),
      ownedBy: (owner, resource) => this.#of(resource).ownedBy(owner.metadata.uid!),
      by: (index, value) => this.#of(index.of).by(index, value),
    };
  }

  /** These and no others, from now on. */
  follow(wanted: readonly Follow<any>[]): FollowedCache {
    const names = new Set(wanted.map(({ resource }) => nameOf(resource)));
    for (const name of this.#following.keys()) if (!names.has(name)) this.#end(name);
    for (const follow of wanted)
      if (!this.#following.has(nameOf(follow.resource))) this.#begin(nameOf(follow.resource), follow);
    return {
      ...this.#cache,
      hasListed: (resource) => this.#of(resource).hasSynced,
      whenListed: async () => {
        const informers = [...this.#following.values()].map(({ informer }) => informer);
        await Promise.all(informers.map(({ synced }) => synced));
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of [...this.#following.keys()]) this.#end(name);
    await Promise.all(this.#ending);
  }

  #begin(name: string, { resource, metadataOnly = false, wakes }: Follow<any>): void {
    const { informers, transport, clock, log, wake } = this.#options;
    const shared = informers.find(resource);
    const isEnough = shared && !isPartial(shared) && (metadataOnly || !shared.selection.metadataOnly);
    const stop = new AbortController();
    const informer = isEnough
      ? shared
      : new Informer<ApiObject>({ transport, resource, selection: { metadataOnly }, clock, log });
    const subscription = informer.subscribeToChanges(({ object, previous }) => {
      for (const key of wakes(object, this.#cache, previous)) wake(key);
    });
    const own = isEnough ? undefined : { stop, running: informer.run(stop.signal) };
    this.#following.set(name, { informer, subscription, ...(own && { own }) });
  }

  #end(name: string): void {
    const { subscription, own } = this.#following.get(name)!;
    this.#following.delete(name);
    subscription[Symbol.dispose]();
    if (!own) return;
    own.stop.abort();
    const ending = own.running.finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  #of(resource: Resource<any>): Informer<any> {
    const following = this.#following.get(nameOf(resource));
    if (!following) throw new Error(`Cannot read ${nameOf(resource)}: nobody follows it`);
    return following.informer;
  }
}

function isPartial({ selection: { namespace, labelSelector, fieldSelector } }: Informer<any>): boolean {
  return !!namespace || !!labelSelector || !!fieldSelector;
}

function nameOf({ group, version, plural }: Watch<any>["resource"]): string {
  return `${group}/${version}/${plural}`;
}
