/** Runs the scheduler until stopped: at once, or only while this process holds the leader lease. */

import { hostname } from "node:os";
import { randomUUID } from "node:crypto";
import { createApi } from "@knarr/client/create-api.ts";
import { EventRecorder } from "@knarr/client/event-recorder.ts";
import { Informers } from "@knarr/client/informers.ts";
import { electLeader } from "@knarr/client/leader-election.ts";
import type { Transport } from "@knarr/client/transport.ts";
import { node } from "@knarr/kinds/core/node.ts";
import { pod } from "@knarr/kinds/core/pod.ts";
import { podDisruptionBudget } from "@knarr/kinds/policy/pod-disruption-budget.ts";
import { realClock, type Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import type { Metrics } from "@knarr/std/metrics.ts";
import { clusterKinds } from "./cluster.ts";
import type { Plugin } from "./framework.ts";
import { plugins as allPlugins } from "./plugins.ts";
import { Scheduler } from "./scheduler.ts";
import { SchedulerMetrics } from "./scheduler-metrics.ts";

export interface StartSchedulerOptions {
  readonly transport: Transport;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  /** Pods whose schedulerName is this are scheduled; default `default-scheduler`. */
  readonly name?: string;
  /** Wait for the Lease `kube-system/kube-scheduler` first: for more than one server. */
  readonly leaderElect?: boolean;
  readonly plugins?: readonly Plugin<any>[];
  readonly random?: () => number;
  /** Where its figures are shown. */
  readonly metrics?: Metrics;
}

const LEASE = "kube-system/kube-scheduler";

/** Resolves when the scheduler runs or, with leader election, stands for election. */
export async function startScheduler(options: StartSchedulerOptions): Promise<AsyncDisposable> {
  const { transport, log, clock = realClock, leaderElect = false } = options;
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const ended = Promise.withResolvers<void>();
  const ready = Promise.withResolvers<void>();
  const figures = options.metrics && new SchedulerMetrics(options.metrics);
  const run = (leading: AbortSignal, isReady: () => void): Promise<void> =>
    schedule({ ...options, figures }, leading, isReady);
  const identity = `${hostname()}_${randomUUID()}`;
  const work = leaderElect
    ? electLeader(
        { api: createApi(transport), lease: LEASE, identity, clock, log },
        (leading) => run(leading, () => undefined),
        signal,
      )
    : run(signal, ready.resolve);
  work.then(ended.resolve, (err: unknown) => {
    if (!signal.aborted) log.error("Scheduler ended", { err });
    ready.reject(err);
    ended.resolve();
  });
  if (!leaderElect) await ready.promise;
  else ready.promise.catch(() => undefined); // nobody waits for it; the failure is logged above
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await ended.promise;
    },
  };
}

async function schedule(
  options: StartSchedulerOptions & { readonly figures: SchedulerMetrics | undefined },
  signal: AbortSignal,
  ready: () => void,
): Promise<void> {
  const { transport, log, clock = realClock, name = "default-scheduler", random } = options;
  const source = { component: name };
  await using informers = new Informers({ transport, clock, log });
  await using recorder = new EventRecorder({ transport, clock, log, source });
  for (const resource of [node, pod, podDisruptionBudget, ...clusterKinds]) informers.informer<any>(resource);
  await informers.waitForList(signal);
  const scheduler = new Scheduler({
    api: createApi(transport, { fieldManager: "kube-scheduler" }),
    informers,
    recorder,
    clock,
    log,
    plugins: options.plugins ?? allPlugins,
    name,
    ...(random && { random }),
    metrics: options.figures,
  });
  ready();
  await scheduler.run(signal);
}
