/**
 * A priority level: how many requests it may have under way, and who of those that wait is next.
 *
 * Every flow waits in a queue of its own. The queue that has had the least of the processor goes first (start-time fair queueing): each carries
 * the time that its requests have taken, and one that comes back after a pause starts where the others are, not where it left off. (Upstream
 * deals flows into a fixed number of queues and hopes that few share one; `queues` bounds here how many there are at once.)
 */

import type { PriorityLevelConfiguration } from "@knarr/kinds/generated/flowcontrol-v1.ts";

/** A request that waits for its turn. */
export interface Waiting {
  /** As the server's clock has it. */
  readonly since: number;
  /** Its turn has come. */
  run(): void;
  /** It will not come. */
  refuse(): void;
}

/** One flow's queue. */
export interface Queue {
  readonly waiting: Waiting[];
  /** Processor time in ms that it has had, on its level's scale. */
  work: number;
}

export class PriorityLevel {
  readonly name: string;
  readonly uid: string;
  /** Never waits, is never refused. */
  readonly isExempt: boolean;
  readonly shares: number;
  /** Whether requests that find no place wait; otherwise they are refused. */
  readonly queues: boolean;
  /** Of its seats these many per cent may be used by others while it does not need them. */
  readonly lendablePercent: number;
  /** Per cent of its seats that it may have beyond them; undefined: as many as there are. */
  readonly borrowingPercent: number | undefined;
  /** Requests under way. */
  executing = 0;
  /** Processor time in ms that it has had by its share of the whole, as the dispatcher counts it. */
  work = 0;
  readonly #maxQueues: number;
  readonly #maxLength: number;
  /** Of flows that wait, and of those that have had more than their share a moment ago. */
  readonly #byFlow = new Map<string, Queue>();
  #waiting = 0;
  /** Where queues are that come back. */
  #now = 0;

  constructor({ metadata, spec }: PriorityLevelConfiguration) {
    this.name = metadata?.name ?? "";
    this.uid = metadata?.uid ?? "";
    this.isExempt = spec?.type === "Exempt";
    const { nominalConcurrencyShares = 0, lendablePercent = 0 } = spec?.exempt ?? spec?.limited ?? {};
    this.shares = nominalConcurrencyShares;
    this.lendablePercent = lendablePercent;
    this.borrowingPercent = spec?.limited?.borrowingLimitPercent ?? undefined;
    const { type, queuing } = spec?.limited?.limitResponse ?? { type: "Reject" };
    this.queues = type === "Queue";
    this.#maxQueues = queuing?.queues ?? 0;
    this.#maxLength = queuing?.queueLengthLimit ?? 0;
  }

  /** How many requests wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** False when the queue is full. */
  enqueue(flow: string, request: Waiting): boolean {
    const queue = this.#byFlow.get(flow) ?? this.#newQueue(flow);
    if (queue.waiting.length >= this.#maxLength) return false;
    queue.waiting.push(request);
    this.#waiting++;
    return true;
  }

  /** Takes the next request out, with the queue that its time is to be charged to; only for a level that has one. */
  next(): { readonly request: Waiting; readonly queue: Queue } {
    let first: Queue | undefined;
    for (const [flow, queue] of this.#byFlow) {
      if (queue.waiting.length > 0) {
        if (!first || queue.work < first.work) first = queue;
      } else if (queue.work <= this.#now) this.#byFlow.delete(flow); // it is owed nothing and owes nothing
    }
    this.#now = first!.work;
    this.#waiting--;
    return { request: first!.waiting.shift()!, queue: first! };
  }

  /** All that wait, in no order; the level is given up. */
  drain(): readonly Waiting[] {
    const all = [...this.#byFlow.values()].flatMap(({ waiting }) => waiting);
    this.#byFlow.clear();
    this.#waiting = 0;
    return all;
  }

  /** A queue of its own while there are few; then one of those that are there, always the same for a flow. */
  #newQueue(flow: string): Queue {
    if (this.#byFlow.size >= this.#maxQueues && this.#byFlow.size > 0) {
      const all = [...this.#byFlow.values()];
      return all[hashOf(flow) % all.length]!;
    }
    const queue: Queue = { waiting: [], work: this.#now };
    this.#byFlow.set(flow, queue);
    return queue;
  }
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
