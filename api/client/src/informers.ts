/**
 * The informers of one component: one per resource and selection, shared by all who ask, and a Cache over them.
 *
 *     await using informers = new Informers({ transport, clock, log });
 *     const pods = informers.informer(pod, { fieldSelector: "spec.nodeName=n1" });
 *     await informers.waitForSync(signal);
 *     informers.cache.get(pod, "default/web");
 *
 * An informer starts when it is first asked for and runs until the Informers are disposed of.
 */

import type { Resource } from "@knarr/kinds/resource.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import type { Cache } from "./cache.ts";
import { Informer } from "./informer.ts";
import type { Selection, Transport } from "./transport.ts";

export interface InformersOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Logger;
}

export class Informers implements AsyncDisposable {
  /** Reads the informer of a kind that selects everything or, where there is none, the first made for the kind. */
  readonly cache: Cache;
  readonly #options: InformersOptions;
  readonly #stop = new AbortController();
  readonly #bySelection = new Map<string, Informer<any>>();
  readonly #byResource = new Map<string, Informer<any>>();
  readonly #running = new Set<Promise<void>>();

  constructor(options: InformersOptions) {
    this.#options = options;
    const of = (resource: Resource<any>) => this.#of(resource);
    this.cache = {
      get: (resource, key) => of(resource).get(key),
      list: (resource, namespace) => of(resource).list(namespace),
      ownedBy: (owner, resource) => of(resource).ownedBy(owner.metadata.uid!),
      by: (index, value) => of(index.of).by(index, value),
    };
  }

  informer<T extends ApiObject>(resource: Resource<T>, selection: Selection = {}): Informer<T> {
    const name = nameOf(resource);
    const { namespace = "", labelSelector = "", fieldSelector = "", metadataOnly = false } = selection;
    const key = JSON.stringify([name, namespace, labelSelector, fieldSelector, metadataOnly]);
    let informer = this.#bySelection.get(key);
    if (!informer) {
      informer = new Informer({ ...this.#options, resource, selection });
      this.#bySelection.set(key, informer);
      const selectsAll = !namespace && !labelSelector && !fieldSelector && !metadataOnly;
      if (selectsAll || !this.#byResource.has(name)) this.#byResource.set(name, informer);
      const running = informer.run(this.#stop.signal);
      this.#running.add(running);
    }
    return informer;
  }

  /** The informer that the cache reads for a kind, if there is one. */
  find<T extends ApiObject>(resource: Resource<T>): Informer<T> | undefined {
    return this.#byResource.get(nameOf(resource));
  }

  /** Resolves when every informer made so far has synced; rejects with the signal's reason when it aborts first. */
  async waitForSync(signal: AbortSignal): Promise<void> {
    await waitForAll(
      Array.from(this.#bySelection.values(), ({ synced }) => synced),
      signal,
    );
  }

  /** The same for those who can do without what nobody can read: they delete nothing that they do not see. */
  async waitForList(signal: AbortSignal): Promise<void> {
    await waitForAll(
      Array.from(this.#bySelection.values(), ({ listed }) => listed),
      signal,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
  }

  #of<T extends ApiObject>(resource: Resource<T>): Informer<T> {
    const informer = this.#byResource.get(nameOf(resource));
    if (!informer)
      throw new Error(`Cannot read ${nameOf(resource)} from the cache: nobody declared to watch it`);
    return informer;
  }
}

/** Resolves when all have; rejects with the signal's reason when it aborts first. */
export async function waitForAll(steps: readonly Promise<void>[], signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([Promise.all(steps), aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function nameOf({ group, version, plural }: Resource<any>): string {
  return `${group}/${version}/${plural}`;
}
