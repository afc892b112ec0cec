/**
 * One watch: what it still has to be told, and whether its sink can take it.
 *
 * Life: first the state it starts with, in slices, as fast as the sink takes them; then what was committed meanwhile; then each
 * commit as it comes. While the sink is full, batches wait here by reference, shared with all other watchers, up to a bound; beyond it the
 * watch is ended, and its client comes back to where it was. So a slow client costs the others nothing and the server a bounded amount.
 */

import type { ApiObject } from "@knarr/machinery/object.ts";
import type { ApiError } from "@knarr/machinery/status.ts";
import type { Item, Watch, WatchSink } from "./cache.ts";
import { addedBatch, type SharedBatch } from "./watch-batch.ts";

/** What may wait for one slow client. */
const MAX_WAITING = 10_000;
const MAX_WAITING_BYTES = 32 << 20;
/** Initial events are handed out in slices of about this size, so that a large state does not lie in memory once per watcher. */
const SLICE_BYTES = 256 << 10;

export interface WatcherStart<T extends ApiObject> {
  /** State to begin with. */
  readonly items: readonly Item<T>[];
  /** What comes after the state: changes that were missed, or the bookmark that ends the state. */
  readonly then: readonly SharedBatch<T>[];
}

export class Watcher<T extends ApiObject> implements Watch {
  readonly #wantsBookmarks: boolean;
  readonly #sink: WatchSink<T>;
  readonly #leave: (watcher: Watcher<T>) => void;
  readonly #flush: (watcher: Watcher<T>) => void;
  readonly #makeBookmark: () => SharedBatch<T>;
  #items: readonly Item<T>[] = [];
  #position = 0;
  #missed: readonly SharedBatch<T>[] = [];
  #waiting: SharedBatch<T>[] = [];
  #waitingEvents = 0;
  #waitingBytes = 0;
  #isPaused = false;
  #isOver = false;

  constructor(
    sink: WatchSink<T>,
    options: {
      readonly wantsBookmarks: boolean;
      readonly leave: (watcher: Watcher<T>) => void;
      /** Tells what is still held for it. */
      readonly flush: (watcher: Watcher<T>) => void;
      readonly makeBookmark: () => SharedBatch<T>;
    },
  ) {
    this.#sink = sink;
    this.#wantsBookmarks = options.wantsBookmarks;
    this.#leave = options.leave;
    this.#flush = options.flush;
    this.#makeBookmark = options.makeBookmark;
  }

  start({ items, then }: WatcherStart<T>): void {
    this.#items = items;
    this.#missed = then;
    this.#pump();
  }

  deliver(batch: SharedBatch<T>): void {
    if (this.#isOver) return;
    if (!this.#isPaused) {
      this.#isPaused = !this.#sink.deliver(batch);
      return;
    }
    this.#waiting.push(batch);
    this.#waitingEvents += batch.events.length;
    this.#waitingBytes += batch.size;
    if (this.#waitingEvents > MAX_WAITING || this.#waitingBytes > MAX_WAITING_BYTES) this.end();
  }

  resume(): void {
    this.#isPaused = false;
    this.#pump();
  }

  get prefersBatches(): boolean {
    return this.#sink.prefersBatches ?? false;
  }

  /** Nothing is lost when a busy watch goes without one. */
  bookmark(batch?: SharedBatch<T>): void {
    this.#flush(this);
    if (this.#wantsBookmarks && !this.#isPaused) this.deliver(batch ?? this.#makeBookmark());
  }

  stop(): void {
    this.#isOver = true;
    this.#items = [];
    this.#missed = [];
    this.#waiting = [];
    this.#leave(this);
  }

  end(error?: ApiError): void {
    if (this.#isOver) return;
    this.stop();
    this.#sink.end(error);
  }

  /** Tells all there is, as long as the sink can take it. */
  #pump(): void {
    while (!this.#isPaused && !this.#isOver) {
      const batch = this.#nextSlice() ?? this.#nextMissed() ?? this.#nextWaiting();
      if (!batch) return;
      this.#isPaused = !this.#sink.deliver(batch);
    }
  }

  #nextMissed(): SharedBatch<T> | undefined {
    const [next, ...rest] = this.#missed;
    this.#missed = rest;
    return next;
  }

  #nextWaiting(): SharedBatch<T> | undefined {
    const next = this.#waiting.shift();
    this.#waitingEvents -= next?.events.length ?? 0;
    this.#waitingBytes -= next?.size ?? 0;
    return next;
  }

  #nextSlice(): SharedBatch<T> | undefined {
    if (this.#position === this.#items.length) return undefined;
    const start = this.#position;
    for (let bytes = 0; bytes < SLICE_BYTES && this.#position < this.#items.length; this.#position++) {
      bytes += this.#items[this.#position]!.size;
    }
    const slice = addedBatch(this.#items.slice(start, this.#position));
    if (this.#position === this.#items.length) {
      this.#items = [];
      this.#position = 0;
    }
    return slice;
  }
}
