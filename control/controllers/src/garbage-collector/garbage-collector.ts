/**
 * Garbage collection: deletes what nobody owns any more, and brings deletions in the foreground and with orphaning to their end.
 *
 * It watches the metadata of every kind that can be listed, watched and deleted, as discovery tells; when kinds come or go (a
 * CustomResourceDefinition or an APIService changes), it asks discovery again. `graph.ts` decides what to look at, `collector.ts` what to do.
 */

import { createApi } from "@knarr/client/create-api.ts";
import { discover, type ServedResource } from "@knarr/client/discovery.ts";
import { EventRecorder } from "@knarr/client/event-recorder.ts";
import { Informer } from "@knarr/client/informer.ts";
import { waitForAll } from "@knarr/client/informers.ts";
import type { ControllerMetrics } from "@knarr/client/run-controllers.ts";
import type { Transport } from "@knarr/client/transport.ts";
import { parseGroupVersion, type ApiObject, type OwnerReference } from "@knarr/machinery/object.ts";
import { isConflict } from "@knarr/machinery/status.ts";
import { Backoff } from "@knarr/std/backoff.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import { WorkQueue } from "@knarr/std/workqueue.ts";
import { Collector, NotYetKnown } from "./collector.ts";
import { OwnerGraph } from "./graph.ts";

export interface GarbageCollectorOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly metrics?: ControllerMetrics | undefined;
}

export const GARBAGE_COLLECTOR = "garbage-collector";

const WORKERS = 20;
/** Events are owned by nobody and far too many. */
const ignored = new Set(["events.", "events.events.k8s.io"]);
/** Objects of these kinds change which kinds there are. */
const kindOfKinds = new Set([
  "customresourcedefinitions.apiextensions.k8s.io",
  "apiservices.apiregistration.k8s.io",
]);
/** New kinds need a moment until the server serves them. */
const SETTLE_MS = 1000;

interface Monitor {
  readonly informer: Informer<any>;
  readonly stop: AbortController;
  readonly running: Promise<void>;
}

export class GarbageCollector implements AsyncDisposable {
  readonly #options: GarbageCollectorOptions;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #queue: WorkQueue;
  readonly #backoff = new Backoff({ maxMs: 30_000 });
  readonly #retrying = new Set<string>();
  readonly #graph: OwnerGraph;
  readonly #collector: Collector;
  readonly #recorder: EventRecorder;
  readonly #monitors = new Map<string, Monitor>();
  #resources: readonly ServedResource[] = [];
  #refreshing: Promise<void> | undefined;
  readonly #workers: Promise<void>[] = [];

  constructor(options: GarbageCollectorOptions) {
    const { transport, clock, log, signal } = options;
    this.#options = options;
    this.#queue = new WorkQueue(options.metrics?.queue(GARBAGE_COLLECTOR));
    this.#signal = AbortSignal.any([signal, this.#stop.signal]);
    this.#recorder = new EventRecorder({
      transport,
      clock,
      log,
      source: { component: "garbage-collector-controller" },
    });
    this.#graph = new OwnerGraph({
      examine: (uid) => this.#queue.add(`examine ${uid}`),
      orphan: (uid) => this.#queue.add(`orphan ${uid}`),
    });
    this.#collector = new Collector({
      api: createApi(transport, { fieldManager: "kube-controller-manager", signal: this.#signal }),
      graph: this.#graph,
      kindOf: (reference) => this.#kindOf(reference),
      examine: (uid) => this.#queue.add(`examine ${uid}`),
      event: (object, type, reason, message) => this.#recorder.event(object, type, reason, message),
    });
  }

  /** Nothing waits to be looked at. */
  get idle(): boolean {
    return this.#queue.idle && this.#retrying.size === 0;
  }

  /** Whether all watches have told of everything up to `resourceVersion`. */
  hasSeen(resourceVersion: string): boolean {
    return [...this.#monitors.values()].every(({ informer }) => informer.hasSeen(resourceVersion));
  }

  /** Resolves when every kind is watched and collecting has begun. */
  async start(): Promise<void> {
    const { clock, log } = this.#options;
    for (const backoff = new Backoff({ baseMs: 100, maxMs: 10_000 }); ;) {
      try {
        await this.#refresh();
        break;
      } catch (err) {
        this.#signal.throwIfAborted();
        log.info("Discovery failed", { controller: GARBAGE_COLLECTOR, err });
        await clock.sleep(backoff.next(""), this.#signal);
      }
    }
    await waitForAll(
      [...this.#monitors.values()].map(({ informer }) => informer.synced),
      this.#signal,
    );
    for (let i = 0; i < WORKERS; i++) this.#workers.push(this.#work());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#queue.close();
    await this.#refreshing?.catch(() => undefined); // aborted, or logged where it was started
    await Promise.all([...this.#workers, ...[...this.#monitors.values()].map(({ running }) => running)]);
    await this.#recorder[Symbol.asyncDispose]();
  }

  /** Watches what the server serves now, and stops watching what it no longer serves. */
  async #refresh(): Promise<void> {
    const { transport } = this.#options;
    const { resources, failed } = await discover(transport, this.#signal);
    this.#resources = resources;
    const wanted = new Map(
      resources
        .filter(({ plural, group }) => !ignored.has(`${plural}.${group}`))
        .filter(({ verbs }) => ["list", "watch", "delete"].every((verb) => verbs.includes(verb as never)))
        .map((resource) => [`${resource.group}/${resource.version}/${resource.plural}`, resource]),
    );
    for (const [name, resource] of wanted) if (!this.#monitors.has(name)) this.#monitor(name, resource);
    for (const [name, monitor] of this.#monitors) {
      const isDown = failed.some((groupVersion) => name.startsWith(`${groupVersion}/`));
      if (wanted.has(name) || isDown) continue;
      monitor.stop.abort();
      this.#monitors.delete(name);
      for (const object of monitor.informer.list()) this.#graph.remove(object.metadata.uid);
    }
  }

  #monitor(name: string, resource: ServedResource): void {
    const { transport, clock, log } = this.#options;
    const stop = new AbortController();
    const informer = new Informer<ApiObject>({
      transport,
      resource,
      selection: { metadataOnly: true },
      clock,
      log,
    });
    const changesKinds = kindOfKinds.has(`${resource.plural}.${resource.group}`);
    informer.subscribe(({ type, object }) => {
      if (type === "removed") this.#graph.remove(object.metadata.uid!);
      else this.#graph.put(resource, object);
      if (changesKinds && informer.hasSynced) this.#refreshSoon();
    });
    const running = informer.run(AbortSignal.any([this.#signal, stop.signal]));
    this.#monitors.set(name, { informer, stop, running });
  }

  #refreshSoon(): void {
    if (this.#refreshing) return;
    const { clock, log } = this.#options;
    this.#refreshing = clock
      .sleep(SETTLE_MS, this.#signal)
      .then(() => this.#refresh())
      .catch((err: unknown) => {
        if (!this.#signal.aborted) log.info("Discovery failed", { controller: GARBAGE_COLLECTOR, err });
      })
      .finally(() => (this.#refreshing = undefined));
  }

  #kindOf({ apiVersion, kind }: OwnerReference): ServedResource | undefined {
    const { group } = parseGroupVersion(apiVersion);
    return this.#resources.find((resource) => resource.group === group && resource.kind === kind);
  }

  async #work(): Promise<void> {
    for (let key; (key = await this.#queue.take()) !== undefined; this.#queue.done(key)) {
      if (this.#signal.aborted) return;
      const [task, uid = ""] = key.split(" ");
      try {
        await (task === "orphan" ? this.#collector.orphan(uid) : this.#collector.examine(uid));
        this.#backoff.forget(key);
      } catch (err) {
        if (this.#signal.aborted) return;
        this.#retry(key, err);
      }
    }
  }

  #retry(key: string, err: unknown): void {
    const { clock, log } = this.#options;
    const object = this.#graph.get(key.split(" ")[1]!)?.object;
    const fields = { controller: GARBAGE_COLLECTOR, kind: object?.kind, name: object?.metadata.name, err };
    if (err instanceof NotYetKnown || isConflict(err)) log.debug("Object not collected yet", fields);
    else log.info("Collecting failed", fields);
    this.#options.metrics?.retried(GARBAGE_COLLECTOR);
    this.#retrying.add(key);
    clock.sleep(this.#backoff.next(key), this.#signal).then(
      () => {
        this.#retrying.delete(key);
        this.#queue.add(key);
      },
      () => undefined, // aborted: everything ends
    );
  }
}

/** Resolves when collecting has begun. */
export async function startGarbageCollector(options: GarbageCollectorOptions): Promise<GarbageCollector> {
  const collector = new GarbageCollector(options);
  try {
    await collector.start();
  } catch (err) {
    await collector[Symbol.asyncDispose]();
    throw err;
  }
  return collector;
}
