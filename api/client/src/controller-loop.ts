/** One controller at work: its subscriptions, its queue and its workers. `run-controllers.ts` makes these. */

import { controllerOf, parseGroupVersion, type ApiObject } from "@knarr/machinery/object.ts";
import { ApiError, isConflict, isNotFound } from "@knarr/machinery/status.ts";
import { Backoff } from "@knarr/std/backoff.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import { WorkQueue } from "@knarr/std/workqueue.ts";
import type { Context, Controller, Outcome } from "./controller.ts";
import { createApi } from "./create-api.ts";
import type { EventRecorder } from "./event-recorder.ts";
import { Followed } from "./followed.ts";
import type { Informer, InformerChange } from "./informer.ts";
import { waitForAll, type Informers } from "./informers.ts";
import { OwnWrites, writeGuard } from "./own-writes.ts";
import type { ControllerMetrics } from "./run-controllers.ts";
import type { Transport } from "./transport.ts";

export interface ControllerLoopOptions {
  readonly controller: Controller<any>;
  readonly transport: Transport;
  readonly informers: Informers;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly fieldManager: string;
  readonly signal: AbortSignal;
  readonly metrics?: ControllerMetrics;
}

const DEFAULT_WORKERS = 5;
/** After this many failures in a row an administrator may have to act. */
const WORRYING_FAILURES = 5;
/** Upstream waits up to 1000 s; a cluster that heals by itself comes back sooner. */
const MAX_BACKOFF_MS = 120_000;
/** The longest time `setTimeout` can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export class ControllerLoop implements AsyncDisposable {
  readonly #options: ControllerLoopOptions;
  readonly #queue: WorkQueue;
  /** Keys that events woke in this turn of the event loop. */
  #woken = new Set<string>();
  readonly #backoff = new Backoff({ maxMs: MAX_BACKOFF_MS });
  /** Keys that will come back at a time, by what ends the wait. */
  readonly #alarms = new Map<string, AbortController>();
  readonly #retrying = new Set<string>();
  readonly #subscriptions = new DisposableStack();
  readonly #followed: Followed;
  /** Of the kind it is for, then the others. */
  #informers: readonly Informer<any>[] = [];
  readonly #workers: Promise<void>[] = [];
  readonly #mayWrite: ReturnType<typeof writeGuard>;

  constructor(options: ControllerLoopOptions) {
    this.#options = options;
    const { controller, metrics } = options;
    this.#queue = new WorkQueue(metrics?.queue(controller.name));
    this.#mayWrite = writeGuard(controller.name, controller.writes);
    this.#followed = new Followed({ ...options, wake: (key) => this.#wake(key) });
    this.#subscribe();
  }

  get name(): string {
    return this.#options.controller.name;
  }

  get depth(): number {
    return this.#queue.depth;
  }

  get idle(): boolean {
    return this.#queue.idle && this.#retrying.size === 0 && this.#woken.size === 0;
  }

  /** The kinds it works with of which it does not know enough to begin. */
  get missing(): readonly Informer<any>[] {
    return this.#informers.filter((informer) =>
      this.#mayBeIncomplete(informer) ? !informer.hasListed : !informer.hasSynced,
    );
  }

  /** Resolves when it may begin; rejects with the signal's reason when it aborts first. */
  async ready(signal: AbortSignal): Promise<void> {
    const steps = this.#informers.map((informer) =>
      this.#mayBeIncomplete(informer) ? informer.listed : informer.synced,
    );
    await waitForAll(steps, signal);
  }

  start(): void {
    const workers = this.#options.controller.workers ?? DEFAULT_WORKERS;
    for (let i = 0; i < workers; i++) this.#workers.push(this.#work());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscriptions.dispose();
    this.#queue.close();
    for (const alarm of this.#alarms.values()) alarm.abort();
    await Promise.all(this.#workers);
    await this.#followed[Symbol.asyncDispose]();
  }

  #mayBeIncomplete({ resource }: Informer<any>): boolean {
    return this.#options.controller.worksWithout?.includes(resource) ?? false;
  }

  #subscribe(): void {
    const { controller, informers } = this.#options;
    const { cache } = informers;
    const on = <W extends ApiObject>(
      informer: Informer<W>,
      wakes: (object: W, previous?: W) => readonly string[],
    ) => {
      const wake = (change: InformerChange<W>) => {
        for (const key of wakes(change.object, change.previous)) this.#wake(key);
      };
      this.#subscriptions.use(informer.subscribe(wake));
    };

    // All informers exist before the first event, since `wakes` may look at any of them.
    const own = informers.informer(controller.for);
    const owned = (controller.owns ?? []).map((resource) => informers.informer(resource));
    const watched = (controller.watches ?? []).map((watch) => informers.informer(watch.resource));
    for (const index of controller.indexes ?? []) informers.informer(index.of).addIndex(index);
    const indexed = (controller.indexes ?? []).map((index) => informers.informer(index.of));
    this.#informers = [own, ...owned, ...watched, ...indexed];

    const concerns = (object: ApiObject): boolean => controller.concerns?.(object) ?? true;
    on(own, (object, previous) => {
      const isIts = concerns(object) || (previous !== undefined && concerns(previous));
      return isIts ? [keyFor(object.metadata.namespace, object.metadata.name!)] : [];
    });
    for (const informer of owned) {
      on(informer, (object, previous) => {
        const owner = this.#ownerKey(object);
        const before = previous && this.#ownerKey(previous);
        return [owner, before === owner ? undefined : before].filter((key) => key !== undefined);
      });
    }
    for (const [i, informer] of watched.entries()) {
      on(informer, (object, previous) => controller.watches![i]!.wakes(object, cache, previous));
    }
  }

  /** Queues the key at the end of this turn: the events of one commit, or of many at once, then make one call of them. */
  #wake(key: string): void {
    if (this.#woken.size === 0) setImmediate(() => this.#queueWoken());
    this.#woken.add(key);
  }

  #queueWoken(): void {
    const keys = this.#woken;
    this.#woken = new Set();
    for (const key of keys) this.#queue.add(key);
  }

  /** The key of the object this controller is for that owns `object`. */
  #ownerKey(object: ApiObject): string | undefined {
    const { group, kind, scope } = this.#options.controller.for;
    const owner = controllerOf(object);
    if (owner?.kind !== kind || parseGroupVersion(owner.apiVersion).group !== group) return undefined;
    return keyFor(scope === "Namespaced" ? object.metadata.namespace : undefined, owner.name);
  }

  async #work(): Promise<void> {
    for (let key; (key = await this.#queue.take()) !== undefined;) {
      if (this.#options.signal.aborted) return;
      await this.#handle(key);
    }
  }

  async #handle(key: string): Promise<void> {
    if (this.#isUnknown(key)) return this.#queue.done(key);
    const { controller, signal, metrics } = this.#options;
    this.#alarms.get(key)?.abort(); // this call decides anew when to come back
    const writes = new OwnWrites(this.#options.informers);
    try {
      const outcome: Outcome | void = await controller.reconcile(key, this.#contextFor(key, writes));
      this.#backoff.forget(key);
      if (outcome?.againInMs !== undefined) this.#wakeIn(key, outcome.againInMs);
    } catch (err) {
      if (signal.aborted) return;
      metrics?.retried(controller.name);
      this.#report(key, err);
      this.#retrying.add(key);
      this.#wakeIn(key, this.#backoff.next(key));
    }
    // The worker goes on; the key stays out until its writes are in the cache.
    if (writes.allSeen) this.#queue.done(key);
    else void writes.whenSeen().then(() => this.#queue.done(key)); // never rejects
  }

  /** Neither there nor gone, as nobody can read it: it must not be taken for deleted. */
  #isUnknown(key: string): boolean {
    const [own] = this.#informers;
    return own!.isUnreadable(key) && own!.get(key) === undefined;
  }

  #contextFor(key: string, writes: OwnWrites): Context {
    const { transport, informers, recorder, clock, signal, fieldManager, controller } = this.#options;
    const api = createApi(transport, {
      fieldManager,
      signal,
      mayWrite: this.#mayWrite,
      wrote: (resource, written, answer) => writes.add(resource, written, answer),
    });
    return {
      signal,
      clock,
      api,
      cache: informers.cache,
      follow: (kinds) => this.#followed.follow(kinds),
      log: this.#options.log.with({ [controller.for.kind.toLowerCase()]: key }),
      event: (object, type, reason, message) => recorder.event(object, type, reason, message),
    };
  }

  #report(key: string, err: unknown): void {
    const failures = this.#backoff.failures(key) + 1;
    const fields = { key, err, failures };
    if (isPassing(err)) this.#options.log.debug("Reconcile came too late", fields);
    else if (failures >= WORRYING_FAILURES) this.#options.log.error("Reconcile keeps failing", fields);
    else this.#options.log.info("Reconcile failed", fields);
  }

  #wakeIn(key: string, ms: number): void {
    const { clock, signal } = this.#options;
    const alarm = new AbortController();
    this.#alarms.get(key)?.abort();
    this.#alarms.set(key, alarm);
    const settle = (rang: boolean) => {
      if (this.#alarms.get(key) === alarm) {
        this.#alarms.delete(key);
        this.#retrying.delete(key);
      }
      if (rang) this.#queue.add(key);
    };
    clock.sleep(Math.min(Math.max(ms, 0), MAX_TIMER_MS), AbortSignal.any([alarm.signal, signal])).then(
      () => settle(true),
      () => settle(false), // aborted: a later call decided otherwise, or all ends
    );
  }
}

/** The object changed, went, or goes with its namespace: what the watches tell next makes it right. */
function isPassing(err: unknown): boolean {
  if (isConflict(err) || isNotFound(err)) return true;
  return (
    err instanceof ApiError && !!err.details?.causes?.some(({ reason }) => reason === "NamespaceTerminating")
  );
}

function keyFor(namespace: string | undefined, name: string): string {
  return namespace ? `${namespace}/${name}` : name;
}
