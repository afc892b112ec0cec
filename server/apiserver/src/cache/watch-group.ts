/**
 * Watchers that select the same, and what they have still to be told.
 *
 * Every batch costs each of them a write. So where many are told, what is committed soon after a batch waits for the rest of a few milliseconds and
 * goes out together: joined once, one write for each. The first change after a pause never waits, nor does any where few watch.
 *
 *     100 watchers, 20 ms    commits at    0     6  12         36          90
 *                            batches at    0             20          40    90
 *
 * What is held is older than all else a watcher could be told: whoever sends a bookmark, adds a watcher or ends one flushes first.
 */

import type { ApiObject } from "@knarr/machinery/object.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Selection } from "./selection.ts";
import { SharedBatch, type SharedEvent } from "./watch-batch.ts";
import type { Watcher } from "./watcher.ts";

/** For each watcher there is. A write takes some 0.004 ms, so telling them all takes a fiftieth of the time. */
const HOLD_MS_EACH = 0.2;
/** Nobody hears of anything later than by this. */
const MAX_HOLD_MS = 50;

export interface WatchGroupOptions<T extends ApiObject> {
  readonly selection: Selection<T>;
  readonly clock: Clock;
  /** What is committed may wait. */
  readonly mayHold: boolean;
}

export class WatchGroup<T extends ApiObject> {
  readonly selection: Selection<T>;
  readonly watchers = new Set<Watcher<T>>();
  readonly #clock: Clock;
  readonly #mayHold: boolean;
  #events: SharedEvent<T>[] = [];
  #lastBatch = 0;
  #isHeld = false;

  constructor({ selection, clock, mayHold }: WatchGroupOptions<T>) {
    this.selection = selection;
    this.#clock = clock;
    this.#mayHold = mayHold;
  }

  /** Takes what the watchers are to be told at the next `send`. */
  push(event: SharedEvent<T>): void {
    this.#events.push(event);
  }

  /** Tells it now, or soon. */
  send(): void {
    if (this.#isHeld) return;
    const rest = this.#rest();
    if (rest < 1) return this.flush();
    this.#isHeld = true;
    this.#clock.sleep(rest).then(
      () => this.flush(),
      () => this.flush(),
    );
  }

  flush(): void {
    this.#isHeld = false;
    if (this.#events.length === 0) return;
    const batch = new SharedBatch(this.#events);
    this.#events = [];
    if (this.#mayHold) this.#lastBatch = this.#clock.now();
    for (const watcher of this.watchers) watcher.deliver(batch);
  }

  /** Milliseconds until the next batch may go. */
  #rest(): number {
    const hold = this.#mayHold ? Math.min(this.watchers.size * HOLD_MS_EACH, MAX_HOLD_MS) : 0;
    if (hold < 1) return 0;
    return Math.min(this.#lastBatch + hold - this.#clock.now(), hold); // clocks of machines may be set back
  }
}
