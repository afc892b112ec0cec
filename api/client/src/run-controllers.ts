/**
 * Runs controllers: everything around `reconcile` that their declarations imply.
 *
 * One set of informers for all of them, one queue and its workers for each. A key that throws comes back with back-off;
 * a key that asked for `againInMs` comes back then, unless something wakes it sooner. A key whose reconcile wrote
 * something stays out of the queue until the cache has seen those writes, so `reconcile` never acts twice on one observation.
 */

import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import type { QueueObserver } from "@knarr/std/workqueue.ts";
import type { Controller } from "./controller.ts";
import { ControllerLoop } from "./controller-loop.ts";
import { EventRecorder } from "./event-recorder.ts";
import { Informers } from "./informers.ts";
import type { Transport } from "./transport.ts";

export interface RunControllersOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly log: Logger;
  /** Stops everything, as disposing of the result does. */
  readonly signal: AbortSignal;
  /** Who writes, in managedFields and in the source of Events; default `kube-controller-manager`. */
  readonly component?: string;
  /** To share with others; default: informers of their own. */
  readonly informers?: Informers;
  readonly metrics?: ControllerMetrics;
}

/** Where the figures go; nothing is kept when nobody asks. */
export interface ControllerMetrics {
  /** Hears of the queue of a controller. */
  queue(controller: string): QueueObserver;
  /** A reconcile threw, and comes again. */
  retried(controller: string): void;
}

export interface RunningControllers extends AsyncDisposable {
  readonly informers: Informers;
  /** Nothing is queued, being reconciled, waiting for its writes to be seen, or about to be tried again. */
  readonly idle: boolean;
  /** Keys waiting, by controller. */
  depths(): ReadonlyMap<string, number>;
}

/** So long all wait for all kinds; then only those wait that need one which cannot be listed (an object of it cannot be read). */
const PATIENCE_MS = 10_000;

/** Resolves when all caches are filled and the workers run, or those that can; rejects with the signal's reason when it aborts before. */
export async function runControllers(
  controllers: readonly Controller<any>[],
  options: RunControllersOptions,
): Promise<RunningControllers> {
  const { transport, clock, log, component = "kube-controller-manager" } = options;
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);

  await using stack = new AsyncDisposableStack();
  const informers = options.informers ?? stack.use(new Informers({ transport, clock, log }));
  const loops = controllers.map((controller) => {
    const source = { component: eventSourceOf(controller) };
    const recorder = stack.use(new EventRecorder({ transport, clock, log, source }));
    const { metrics } = options;
    return stack.use(
      new ControllerLoop({
        controller,
        transport,
        informers,
        recorder,
        clock,
        log: log.with({ controller: controller.name }),
        fieldManager: component,
        signal,
        ...(metrics && { metrics }),
      }),
    );
  });
  stack.defer(() => stop.abort()); // first of all on the way down, so that nobody waits for a reconcile that waits

  const isWhole = await syncedSoon(informers, clock, signal);
  for (const loop of loops) {
    if (isWhole || loop.missing.length === 0) loop.start();
    else {
      const resources = [...new Set(loop.missing.map(({ resource }) => resource.plural))];
      log.error("Controller waits for what cannot be listed", { controller: loop.name, resources });
      loop.ready(signal).then(
        () => loop.start(),
        () => {}, // stopped before
      );
    }
  }

  const running = stack.move();
  return {
    informers,
    get idle() {
      return loops.every((loop) => loop.idle);
    },
    depths: () => new Map(loops.map((loop) => [loop.name, loop.depth])),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** False when some kind has not been listed in time. */
async function syncedSoon(informers: Informers, clock: Clock, signal: AbortSignal): Promise<boolean> {
  const enough = new AbortController();
  const late = clock.sleep(PATIENCE_MS, enough.signal).then(
    () => false,
    () => false, // all were in time
  );
  try {
    return await Promise.race([informers.waitForSync(signal).then(() => true), late]);
  } finally {
    enough.abort();
  }
}

/** `replicaset` records Events as `replicaset-controller`, which people and tests know from upstream. */
function eventSourceOf({ name, eventSource }: Controller<any>): string {
  return eventSource ?? `${name}-controller`;
}
