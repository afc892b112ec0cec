/**
 * The recent changes of one kind, in revision order and without a gap: where watches start that come back, and what undoes the present for
 * lists of the near past.
 *
 * Worked example. The window is complete after revision 10 and holds changes 12, 15 and 16. A watch from 10, 11 or 14 starts in it;
 * one from 9 is told to look in the store's history. When 12 is dropped for its age, the window is complete after 12.
 */

import type { ApiObject } from "@knarr/machinery/object.ts";
import { bisect } from "@knarr/std/bisect.ts";
import type { Item, ItemChange } from "./cache.ts";

/** Older changes are read from the store again when somebody asks: rarely, for clients come back soon or not at all. */
const MAX_AGE_MS = 90_000;
const MAX_CHANGES = 16_384;
const MAX_BYTES = 32 << 20;

export class EventWindow<T extends ApiObject> {
  #changes: ItemChange<T>[] = [];
  /** When each was made, in step with the changes. */
  #times: number[] = [];
  #bytes = 0;
  #start: number;

  constructor(start: number) {
    this.#start = start;
  }

  /** All changes after this revision are here. */
  get start(): number {
    return this.#start;
  }

  /** Revision of the last change, or where the window starts when nothing has changed since. */
  get end(): number {
    return this.#changes.at(-1)?.item.revision ?? this.#start;
  }

  append(changes: readonly ItemChange<T>[], now: number): void {
    for (const change of changes) {
      this.#changes.push(change);
      this.#times.push(now);
      this.#bytes += change.item.size;
    }
    this.trim(now);
  }

  /** Puts what the store still knew before the window: all changes after `start` up to where it starts now. */
  extend(changes: readonly ItemChange<T>[], start: number, now: number): void {
    this.#changes = [...changes, ...this.#changes];
    this.#times = [...changes.map(() => now), ...this.#times];
    for (const { item } of changes) this.#bytes += item.size;
    this.#start = start;
  }

  /** Nothing is known of a change at `revision`: nobody can start before it. */
  startAt(revision: number): void {
    this.#changes = [];
    this.#times = [];
    this.#bytes = 0;
    this.#start = revision;
  }

  trim(now: number): void {
    let drop = 0;
    let bytes = this.#bytes;
    while (
      drop < this.#changes.length &&
      (this.#changes.length - drop > MAX_CHANGES ||
        bytes > MAX_BYTES ||
        this.#times[drop]! < now - MAX_AGE_MS)
    ) {
      bytes -= this.#changes[drop++]!.item.size;
    }
    // In larger pieces, so that a full window does not move all it has for every change.
    if (drop === 0 || (drop < 64 && drop < this.#changes.length)) return;
    this.#start = this.#changes[drop - 1]!.item.revision;
    this.#changes.splice(0, drop);
    this.#times.splice(0, drop);
    this.#bytes = bytes;
  }

  /** Changes after `revision`, which must not be before the window's start. */
  since(revision: number): readonly ItemChange<T>[] {
    return this.#changes.slice(this.#position(revision));
  }

  /** What each key that changed after `revision` was then: nothing where it did not exist. */
  before(revision: number): Map<string, Item<T> | undefined> {
    const states = new Map<string, Item<T> | undefined>();
    for (let i = this.#position(revision); i < this.#changes.length; i++) {
      const { item, previous } = this.#changes[i]!;
      if (!states.has(item.key)) states.set(item.key, previous);
    }
    return states;
  }

  /** Index of the first change after `revision`. */
  #position(revision: number): number {
    return bisect(this.#changes.length, (i) => this.#changes[i]!.item.revision <= revision);
  }
}
