/**
 * Who runs when: priority levels share the processor, and flows share their level (KEP-1040, made for one event loop).
 *
 * Upstream counts requests under way. Here most requests are done before the next is looked at, so what there is to share is the time of the
 * loop: a request that arrives while nobody waits runs at once; when the requests of one turn of the loop have taken their slice of it, those
 * that follow wait, and each later turn runs a slice of them, chosen fairly:
 *
 *     turn 1   A1 A2 … A40 |slice is over| A41 … A900, B1 wait
 *     turn 2   B1 A41 A42 …                               B has had nothing yet: it goes first
 *
 * In between the loop reads what has come in, so a newcomer waits for a slice or two, however many others wait. Seats are counted as upstream
 * does: for requests that wait for a webhook, a disk, another server.
 */

import type { Flow } from "./classifier.ts";
import type { FlowFigures } from "./flow-figures.ts";
import type { PriorityLevel } from "./priority-level.ts";

/** How long requests run before the loop looks up, in ms. */
export const SLICE_MS = 2;
/** Requests under way at once, as upstream's --max-requests-inflight and --max-mutating-requests-inflight together. */
export const TOTAL_SEATS = 600;
/** Upstream's: a quarter of what a request may take. */
const LONGEST_WAIT_MS = 15_000;

/** A request that runs. `release` once when it is done. */
export interface Seat {
  release(): void;
}

/** The loop, its clock and its next turn: a test has its own. */
export interface Loop {
  /** Milliseconds, with fractions. */
  now(): number;
  nextTurn(run: () => void): void;
}

const realLoop: Loop = { now: () => performance.now(), nextTurn: (run) => void setImmediate(run) };

/** When all that was started has run as far as it can without waiting: ticks come after microtasks, in the same turn. */
function afterwards(run: () => void): void {
  queueMicrotask(() => process.nextTick(run));
}

/** One request's place in its level. */
export interface Asking {
  readonly flow: Flow;
  readonly level: PriorityLevel;
  /** Where it is counted as one that waits, and as one that runs. */
  readonly figures?: FlowFigures;
  /** Whether anybody still waits for the answer; asked when its turn has come. */
  isWanted(): boolean;
}

export class Dispatcher {
  readonly #loop: Loop;
  #levels: readonly PriorityLevel[] = [];
  #shares = 0;
  #executing = 0;
  /** When the requests of this turn began to run; undefined when nobody asked yet. */
  #turnStarted: number | undefined;

  constructor(loop: Loop = realLoop) {
    this.#loop = loop;
  }

  /** Those that wait in a level that is no more are refused: they come again. */
  setLevels(levels: readonly PriorityLevel[]): void {
    const gone = this.#levels.filter((level) => !levels.includes(level));
    this.#levels = levels;
    this.#shares = levels.reduce((sum, { shares, isExempt }) => sum + (isExempt ? 0 : shares), 0);
    for (const request of gone.flatMap((level) => level.drain())) request.refuse();
  }

  /** A seat, at once or after a wait; undefined: there is no room, try again later. */
  admit(asking: Asking): Seat | undefined | Promise<Seat | undefined> {
    const { level, figures } = asking;
    if (level.isExempt) return this.#sit(asking);
    const started = this.#openTurn();
    const hasSeat = this.#maySit(level);
    if (hasSeat && !this.#isWaitedFor() && this.#loop.now() - started < SLICE_MS) return this.#sit(asking);
    if (!hasSeat && !level.queues) return undefined;
    const { promise, resolve } = Promise.withResolvers<Seat | undefined>();
    const settle = (seat: Seat | undefined): void => {
      figures?.queued.add(-1);
      resolve(seat);
    };
    const { schema, distinguisher } = asking.flow;
    const isQueued = level.enqueue(`${schema.metadata?.name}/${distinguisher}`, {
      since: this.#loop.now(),
      run: () => settle(asking.isWanted() ? this.#sit(asking) : undefined),
      refuse: () => settle(undefined),
    });
    if (isQueued) figures?.queued.add();
    return isQueued ? promise : undefined;
  }

  #isWaitedFor(): boolean {
    return this.#levels.some((level) => level.waiting > 0);
  }

  #sit({ level, figures }: Asking): Seat {
    level.executing++;
    figures?.executing.add();
    if (!level.isExempt) this.#executing++;
    return {
      release: () => {
        level.executing--;
        figures?.executing.add(-1);
        if (level.isExempt) return;
        this.#executing--;
        if (this.#isWaitedFor()) this.#openTurn();
      },
    };
  }

  /** Its own seats, and those of others that may be lent and are not needed. */
  #maySit(level: PriorityLevel): boolean {
    const seats = this.#seatsOf(level);
    const { borrowingPercent, executing } = level;
    if (borrowingPercent !== undefined && executing >= seats * (1 + borrowingPercent / 100)) return false;
    let kept = 0;
    for (const other of this.#levels) {
      if (other === level || other.isExempt) continue;
      const own = this.#seatsOf(other) * (1 - other.lendablePercent / 100);
      kept += Math.max(0, Math.floor(own) - other.executing);
    }
    return executing < seats * (1 - level.lendablePercent / 100) || this.#executing + kept < TOTAL_SEATS;
  }

  /** What the levels have of the seats, by name: one that is exempt needs none. */
  get seats(): ReadonlyMap<string, number> {
    return new Map(this.#levels.map((level) => [level.name, level.isExempt ? 0 : this.#seatsOf(level)]));
  }

  #seatsOf({ shares }: PriorityLevel): number {
    return this.#shares > 0 ? Math.ceil((TOTAL_SEATS * shares) / this.#shares) : TOTAL_SEATS;
  }

  /** When the turn that is running began. */
  #openTurn(): number {
    if (this.#turnStarted === undefined) {
      this.#turnStarted = this.#loop.now();
      this.#loop.nextTurn(() => this.#turn());
    }
    return this.#turnStarted;
  }

  #turn(): void {
    this.#turnStarted = undefined;
    if (this.#nextLevel()) this.#runNext(this.#openTurn());
  }

  /** Runs what is next, then the one after it, until the slice is over. */
  #runNext(turnStarted: number): void {
    const started = this.#loop.now();
    if (started - turnStarted >= SLICE_MS) return;
    const level = this.#nextLevel();
    // With no seat free nothing runs: the release of one opens the next turn.
    if (!level) return;
    const { request, queue } = level.next();
    if (started - request.since > LONGEST_WAIT_MS) request.refuse();
    else request.run();
    afterwards(() => {
      const ms = this.#loop.now() - started;
      queue.work += ms;
      level.work += ms / Math.max(level.shares, 1);
      this.#runNext(turnStarted);
    });
  }

  /** The level that has had least for its shares, of those that wait and may run. */
  #nextLevel(): PriorityLevel | undefined {
    let next: PriorityLevel | undefined;
    for (const level of this.#levels)
      if (level.waiting > 0 && this.#maySit(level) && (!next || level.work < next.work)) next = level;
    if (next)
      for (const level of this.#levels) if (level.waiting === 0) level.work = Math.max(level.work, next.work);
    return next;
  }
}
