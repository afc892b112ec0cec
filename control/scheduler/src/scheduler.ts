/**
 * The scheduler at work: takes pods from the queue, finds each a node, and binds it while the next is being looked at.
 *
 * Deciding is synchronous, binding is not: many bindings are under way at once, and the pods they are for count as being on their
 * nodes already. A binding that fails takes its pod off the node again and back into the queue.
 */

import type { Api } from "@knarr/client/api.ts";
import type { EventRecorder } from "@knarr/client/event-recorder.ts";
import type { Informers } from "@knarr/client/informers.ts";
import type { InformerChange } from "@knarr/client/informer.ts";
import { node as nodes } from "@knarr/kinds/core/node.ts";
import { pod as pods } from "@knarr/kinds/core/pod.ts";
import { podDisruptionBudget } from "@knarr/kinds/policy/pod-disruption-budget.ts";
import type { Node, Pod } from "@knarr/kinds/generated/core-v1.ts";
import { semanticEqual } from "@knarr/machinery/equal.ts";
import { keyOf } from "@knarr/machinery/object.ts";
import { isNotFound } from "@knarr/machinery/status.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import { CachedCluster } from "./cluster.ts";
import { Cycle, type Failure } from "./cycle.ts";
import { failureText } from "./failure-text.ts";
import type { Plugin } from "./framework.ts";
import { NodeTable } from "./node-table.ts";
import { evict } from "./eviction.ts";
import { notePodStatus } from "./pod-status.ts";
import { SchedulingQueue } from "./queue.ts";
import type { SchedulerMetrics } from "./scheduler-metrics.ts";

export interface SchedulerOptions {
  readonly api: Api;
  readonly informers: Informers;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly plugins: readonly Plugin<any>[];
  /** Pods that name this scheduler are ours. */
  readonly name: string;
  readonly random?: () => number;
  readonly metrics?: SchedulerMetrics | undefined;
}

/** Bindings under way at once; more would only wait in the server. */
const MAX_BINDINGS = 200;
/** How long decisions may keep the event loop from everything else. */
const SLICE_MS = 10;
/** Upstream cuts event messages so that the server takes them. */
const MAX_MESSAGE = 1024;

export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #table: NodeTable;
  readonly #queue: SchedulingQueue;
  readonly #cycle: Cycle;
  readonly #binder: Plugin<any>;
  readonly #writes = new Set<Promise<void>>();
  #bindings = 0;
  #bound: (() => void) | undefined;

  constructor(options: SchedulerOptions) {
    const { plugins, clock, random } = options;
    this.#options = options;
    this.#table = new NodeTable(new CachedCluster(options.informers.cache));
    this.#queue = new SchedulingQueue(plugins, clock);
    options.metrics?.watch(this.#queue);
    this.#cycle = new Cycle(plugins, this.#table, random);
    const binder = plugins.find(({ bind }) => bind);
    if (!binder) throw new Error("Cannot bind pods: no plugin does it");
    this.#binder = binder;
  }

  get counts(): ReturnType<SchedulingQueue["counts"]> {
    return this.#queue.counts();
  }

  /** Schedules until `signal` aborts. Resolves when nothing is under way any more. */
  async run(signal: AbortSignal): Promise<void> {
    const { informers } = this.#options;
    using subscriptions = new DisposableStack();
    subscriptions.use(informers.informer(nodes).subscribe((change) => this.#nodeChanged(change)));
    subscriptions.use(informers.informer(pods).subscribe((change) => this.#podChanged(change)));
    while (!signal.aborted) {
      const began = performance.now();
      let pod: Pod | undefined;
      while (
        this.#bindings < MAX_BINDINGS &&
        performance.now() - began < SLICE_MS &&
        (pod = this.#queue.take())
      ) {
        this.#schedule(pod);
      }
      if (this.#bindings >= MAX_BINDINGS) await this.#oneBound();
      else if (pod)
        await new Promise(setImmediate); // there is more: let events and answers in first
      else await this.#queue.wait(signal).catch(() => undefined); // rejects only when aborted, which ends the loop
    }
    await Promise.all(this.#writes);
  }

  #schedule(pod: Pod): void {
    const { log, metrics, name: profile } = this.#options;
    const started = performance.now();
    try {
      const attempt = this.#cycle.attempt(pod);
      metrics?.chosen(started);
      if (attempt.nodeName !== undefined) return this.#place(pod, attempt.nodeName, started);
      this.#turnAway(pod, attempt.failure);
      metrics?.attempted("unschedulable", { profile, started });
    } catch (err) {
      metrics?.attempted("error", { profile, started });
      log.error("Scheduling failed", { pod: keyOf(pod), err });
      this.#queue.fail(pod);
      this.#note(pod, "SchedulerError", (err as Error).message);
    }
  }

  #place(pod: Pod, nodeName: string, started: number): void {
    const { api, recorder, log, metrics, name: profile } = this.#options;
    const uid = pod.metadata.uid!;
    this.#table.assume(pod, nodeName);
    this.#bindings++;
    const bound = this.#binder.bind!(pod, nodeName, api).then(
      () => {
        const progress = this.#queue.progress(uid);
        if (progress) metrics?.bound(progress);
        metrics?.attempted("scheduled", { profile, started });
        this.#queue.done(uid);
        const message = `Successfully assigned ${keyOf(pod)} to ${nodeName}`;
        recorder.event(pod, "Normal", "Scheduled", message);
      },
      (err: Error) => {
        metrics?.attempted("error", { profile, started });
        this.#table.forget(uid);
        const isGone = this.#options.informers.cache.get(pods, keyOf(pod))?.metadata.uid !== uid;
        if (isNotFound(err) && isGone) return this.#queue.remove(uid);
        log.info("Binding failed", { pod: keyOf(pod), node: nodeName, err });
        this.#queue.fail(pod);
        this.#refresh(pod); // changes were not looked at while it was thought to be placed
        this.#note(pod, "SchedulerError", `binding rejected: ${err.message}`);
      },
    );
    this.#track(
      bound.finally(() => {
        this.#bindings--;
        this.#bound?.();
      }),
    );
  }

  /** No node fits: makes room if a plugin knows how, and says why on the pod. */
  #turnAway(pod: Pod, failure: Failure): void {
    const { plugins, informers } = this.#options;
    const failed = {
      pod,
      table: this.#table,
      verdicts: failure.verdicts,
      trial: () => this.#cycle.trial(pod),
      budgets: () => informers.cache.list(podDisruptionBudget),
    };
    const said: string[] = [];
    let nominated: string | undefined;
    let waits = false;
    for (const plugin of failure.nodeCount > 0 ? plugins : []) {
      const result = plugin.postFilter?.(failed);
      if (!result) continue;
      if ("why" in result) {
        said.push(result.why);
        waits ||= result.waits === true;
      } else {
        nominated = result.nodeName;
        this.#table.nominate(pod, nominated);
        this.#options.metrics?.preempted(result.victims.length);
        this.#track(evict(result.victims, { pod, nodeName: nominated, ...this.#options }));
        break;
      }
    }
    if (nominated === undefined && !waits) this.#table.nominate(pod, undefined);
    this.#queue.reject(pod, failure.rejectors);
    this.#note(pod, "Unschedulable", failureText(failure, said.join(" ") || undefined), nominated);
  }

  #note(pod: Pod, reason: string, message: string, nominatedNodeName?: string): void {
    const { api, recorder, clock, informers, log } = this.#options;
    const cut = message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE - 4)} ...` : message;
    recorder.event(pod, "Warning", "FailedScheduling", cut);
    const current = informers.cache.get(pods, keyOf(pod));
    if (current?.metadata.uid !== pod.metadata.uid || current?.spec?.nodeName) return;
    const noted = notePodStatus({
      pod: current!,
      reason,
      message,
      now: clock.now(),
      api,
      ...(nominatedNodeName !== undefined && { nominatedNodeName }),
    });
    this.#track(noted.catch((err: unknown) => log.debug("Pod status not written", { pod: keyOf(pod), err })));
  }

  #nodeChanged({ type, object, previous }: InformerChange<Node>): void {
    if (type === "removed") {
      this.#table.removeNode(object.metadata.name!);
      this.#queue.wake({ resource: "nodes", change: "delete", object });
      return;
    }
    if (previous && isHeartbeat(previous, object)) return;
    this.#table.setNode(object);
    if (type === "added") this.#queue.wake({ resource: "nodes", change: "add", object });
    else this.#queue.wake({ resource: "nodes", change: "update", object, previous: previous! });
  }

  #podChanged({ type, object, previous }: InformerChange<Pod>): void {
    const uid = object.metadata.uid!;
    const isOver =
      type === "removed" || object.status?.phase === "Succeeded" || object.status?.phase === "Failed";
    if (isOver) {
      const wasOn = previous?.spec?.nodeName ?? object.spec?.nodeName;
      this.#table.removePod(uid);
      this.#queue.remove(uid);
      if (wasOn) this.#queue.wake({ resource: "pods", change: "delete", object });
      return;
    }
    if (object.spec?.nodeName) {
      this.#table.setPod(object);
      this.#queue.done(uid);
      if (!previous?.spec?.nodeName) this.#queue.wake({ resource: "pods", change: "add", object });
      else if (!semanticEqual(previous.metadata.labels, object.metadata.labels))
        this.#queue.wake({ resource: "pods", change: "update", object, previous });
      return;
    }
    if (object.spec?.schedulerName !== this.#options.name) return;
    // A pod on its way out is not given a node; one being bound comes back only if that fails.
    if (object.metadata.deletionTimestamp) this.#queue.remove(uid);
    else if (!this.#table.isAssumed(uid)) {
      this.#queue.put(object, { wantsElse: !previous || !wantsTheSame(previous, object) });
    }
  }

  #refresh(pod: Pod): void {
    const current = this.#options.informers.cache.get(pods, keyOf(pod));
    if (current?.metadata.uid !== pod.metadata.uid) this.#queue.remove(pod.metadata.uid!);
    else this.#queue.put(current!, { wantsElse: false });
  }

  /** Remembers a write under way; every one handles its own errors. */
  #track(write: Promise<void>): void {
    const tracked = write.finally(() => this.#writes.delete(tracked));
    this.#writes.add(tracked);
  }

  async #oneBound(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#bound = resolve;
    await promise;
  }
}

/** Nothing changed that scheduling looks at. */
function isHeartbeat(previous: Node, node: Node): boolean {
  return (
    semanticEqual(previous.metadata.labels, node.metadata.labels) &&
    semanticEqual(previous.spec, node.spec) &&
    semanticEqual(previous.status?.allocatable, node.status?.allocatable) &&
    semanticEqual(previous.status?.images, node.status?.images)
  );
}

function wantsTheSame(previous: Pod, pod: Pod): boolean {
  return (
    semanticEqual(previous.spec, pod.spec) && semanticEqual(previous.metadata.labels, pod.metadata.labels)
  );
}
