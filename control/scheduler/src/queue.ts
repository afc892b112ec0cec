/**
 * Pods that want a node.
 *
 *   active         ready to be tried, most important first
 *   backing off    failed lately; tried again when their time comes, or sooner when nothing else is to do
 *   unschedulable  turned away; wait for a change that one of the plugins that said no declares to be of interest
 *   gated          may not be scheduled yet (a plugin's preEnqueue)
 *
 * A pod that failed n times waits 2^(n-1) s, at most 10 s. One that nothing wakes is tried again after 5 minutes, in case a plugin
 * forgot to declare an interest.
 */

import type { Node, Pod } from "@knarr/kinds/generated/core-v1.ts";
import type { Clock } from "@knarr/std/clock.ts";
import { Heap } from "@knarr/std/heap.ts";
import type { Plugin, Queued, Wake } from "./framework.ts";

const INITIAL_BACKOFF_MS = 1000;
const MAX_BACKOFF_MS = 10_000;
const LEFTOVER_MS = 300_000;

interface Entry extends Queued {
  pod: Pod;
  /** When it was first seen. */
  readonly seen: number;
  since: number;
  attempts: number;
  place: "active" | "backoff" | "unschedulable" | "gated" | "out";
  /** When its back-off ends. */
  until: number;
  /** Failed by an error rather than turned away: the time must be waited for. */
  failed: boolean;
  rejectors: ReadonlySet<string>;
  /** Raised whenever the entry changes its place, so that what heaps still hold of an old place is known to be old. */
  epoch: number;
}

interface Ticket {
  readonly entry: Entry;
  readonly epoch: number;
}

/** Something in the cluster changed. */
export type Change =
  | {
      readonly resource: "nodes";
      readonly change: "add" | "update" | "delete";
      readonly object: Node;
      readonly previous?: Node;
    }
  | {
      readonly resource: "pods";
      readonly change: "add" | "update" | "delete";
      readonly object: Pod;
      readonly previous?: Pod;
    };

export class SchedulingQueue {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  readonly #active: Heap<Ticket>;
  readonly #backoff = new Heap<Ticket>((a, b) => a.entry.until < b.entry.until);
  readonly #waiting = new Map<string, Entry>();
  readonly #gates: readonly Plugin<any>[];
  readonly #wakes: ReadonlyMap<string, readonly Wake[]>;
  #notify: (() => void) | undefined;

  constructor(plugins: readonly Plugin<any>[], clock: Clock) {
    const [sorter, ...others] = plugins.filter(({ less }) => less);
    if (!sorter || others.length > 0) throw new Error("Cannot order pods: exactly one plugin must say how");
    this.#clock = clock;
    this.#active = new Heap((a, b) => sorter.less!(a.entry, b.entry));
    this.#gates = plugins.filter(({ preEnqueue }) => preEnqueue);
    this.#wakes = new Map(plugins.map(({ name, wakesOn = [] }) => [name, wakesOn]));
  }

  /** How many pods are in each place. */
  counts(): Readonly<Record<"active" | "backoff" | "unschedulable" | "gated", number>> {
    const counts = { active: 0, backoff: 0, unschedulable: 0, gated: 0 };
    for (const { place } of this.#entries.values()) if (place !== "out") counts[place]++;
    return counts;
  }

  /** A pod without a node, new or changed. A change of what it wants makes it ready to be tried. */
  put(pod: Pod, { wantsElse = true }: { readonly wantsElse?: boolean } = {}): void {
    const known = this.#entries.get(pod.metadata.uid!);
    if (!known) {
      const entry: Entry = {
        pod,
        seen: this.#clock.now(),
        since: this.#clock.now(),
        attempts: 0,
        place: "out",
        until: 0,
        failed: false,
        rejectors: new Set(),
        epoch: 0,
      };
      this.#entries.set(pod.metadata.uid!, entry);
      this.#admit(entry);
      return;
    }
    const wasActive = known.place === "active";
    known.pod = pod;
    if (known.place === "gated" || (wantsElse && known.place === "unschedulable")) this.#admit(known);
    else if (wasActive && wantsElse) this.#move(known, "active"); // its priority may have changed
  }

  remove(uid: string): void {
    const entry = this.#entries.get(uid);
    if (!entry) return;
    this.#move(entry, "out");
    this.#entries.delete(uid);
  }

  /** The next pod to try, if there is one now. Every pod taken is given back by `done`, `reject` or `fail`. */
  take(): Pod | undefined {
    this.#flush();
    const entry = this.#next(this.#active, "active") ?? this.#early();
    if (!entry) return undefined;
    this.#move(entry, "out");
    entry.attempts++;
    return entry.pod;
  }

  /** How often a pod was tried, and how long ago it was first seen; undefined when it is not here. */
  progress(uid: string): { readonly attempts: number; readonly milliseconds: number } | undefined {
    const entry = this.#entries.get(uid);
    return entry && { attempts: entry.attempts, milliseconds: this.#clock.now() - entry.seen };
  }

  /** It has a node. */
  done(uid: string): void {
    this.remove(uid);
  }

  /** These plugins said no. */
  reject(pod: Pod, rejectors: ReadonlySet<string>): void {
    const entry = this.#entries.get(pod.metadata.uid!);
    if (!entry) return; // deleted meanwhile
    entry.rejectors = rejectors;
    entry.failed = false;
    entry.since = this.#clock.now();
    entry.until = entry.since + backoffAfter(entry.attempts);
    this.#move(entry, "unschedulable");
  }

  /** Something went wrong that may not go wrong again. */
  fail(pod: Pod): void {
    const entry = this.#entries.get(pod.metadata.uid!);
    if (!entry) return;
    entry.failed = true;
    entry.since = this.#clock.now();
    entry.until = entry.since + backoffAfter(entry.attempts);
    this.#move(entry, "backoff");
  }

  /** Makes ready those that a change may help. */
  wake(change: Change): void {
    for (const entry of this.#waiting.values()) if (this.#helps(change, entry)) this.#ready(entry);
  }

  /** Resolves when there may be something to take; call again after each. */
  async wait(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#notify = resolve;
    const next = this.#backoff.peek();
    const stop = new AbortController();
    const timer = this.#clock.sleep(
      next ? Math.max(next.entry.until - this.#clock.now(), 0) : LEFTOVER_MS / 10,
      AbortSignal.any([signal, stop.signal]),
    );
    try {
      await Promise.race([promise, timer]);
    } finally {
      stop.abort();
      timer.catch(() => undefined); // only ever rejects because we stopped it
    }
  }

  #admit(entry: Entry): void {
    if (this.#gates.some((plugin) => plugin.preEnqueue!(entry.pod) !== undefined)) this.#move(entry, "gated");
    else this.#ready(entry);
  }

  /** Active, unless its back-off is not over. */
  #ready(entry: Entry): void {
    this.#move(entry, entry.until > this.#clock.now() ? "backoff" : "active");
  }

  #move(entry: Entry, place: Entry["place"]): void {
    entry.place = place;
    entry.epoch++;
    const uid = entry.pod.metadata.uid!;
    if (place === "unschedulable") this.#waiting.set(uid, entry);
    else this.#waiting.delete(uid);
    if (place === "active") this.#active.push({ entry, epoch: entry.epoch });
    if (place === "backoff") this.#backoff.push({ entry, epoch: entry.epoch });
    if (place === "active" || place === "backoff") this.#notify?.();
  }

  /** Moves on those whose time has come. */
  #flush(): void {
    const now = this.#clock.now();
    for (let ticket; (ticket = this.#backoff.peek()) && ticket.entry.until <= now;) {
      this.#backoff.pop();
      if (isCurrent(ticket)) this.#move(ticket.entry, "active");
    }
    for (const entry of this.#waiting.values()) {
      if (entry.since + LEFTOVER_MS > now) break; // in the order they came: the rest are younger
      this.#ready(entry);
    }
  }

  #next(heap: Heap<Ticket>, place: Entry["place"]): Entry | undefined {
    for (let ticket; (ticket = heap.pop());) {
      if (isCurrent(ticket) && ticket.entry.place === place) return ticket.entry;
    }
    return undefined;
  }

  /** With nothing else to do, one whose back-off is not over; never one that failed by an error (KEP-5142). */
  #early(): Entry | undefined {
    for (let ticket; (ticket = this.#backoff.peek()); this.#backoff.pop()) {
      if (!isCurrent(ticket)) continue;
      if (ticket.entry.failed) return undefined;
      this.#backoff.pop();
      return ticket.entry;
    }
    return undefined;
  }

  #helps(change: Change, { pod, rejectors }: Entry): boolean {
    if (rejectors.size === 0) return true;
    for (const name of rejectors) {
      for (const wake of this.#wakes.get(name) ?? []) if (matches(wake, change, pod)) return true;
    }
    return false;
  }
}

function isCurrent({ entry, epoch }: Ticket): boolean {
  return entry.epoch === epoch;
}

function matches(wake: Wake, change: Change, pod: Pod): boolean {
  if (wake.change !== change.change) return false;
  if (wake.resource === "nodes" && change.resource === "nodes")
    return wake.mayHelp?.(pod, change.object, change.previous) ?? true;
  if (wake.resource === "pods" && change.resource === "pods")
    return wake.mayHelp?.(pod, change.object, change.previous) ?? true;
  return false;
}

function backoffAfter(attempts: number): number {
  return Math.min(INITIAL_BACKOFF_MS * 2 ** Math.max(attempts - 1, 0), MAX_BACKOFF_MS);
}
