/**
 * All changes of an etcd, as they come: one watch of every key, begun anew after the last revision seen when its connection breaks, at
 * whichever member answers. So there is no gap, and every revision there is goes by: whoever knows one can wait for it, without asking.
 */

import type { Clock } from "@knarr/std/clock.ts";
import { ChangeFeed } from "../change-feed.ts";
import { StoreUnavailable, type Change } from "../store.ts";
import { EtcdError, type EtcdConnection } from "./connection.ts";
import { changeOf, EVERYTHING } from "./keys.ts";
import { isMark } from "./marks.ts";
import { watch, type WatchResponse } from "./rpc.ts";

type Event = WatchResponse["events"][number];

/** Between two tries to go on watching. */
const RETRY_MS = 200;

interface Waiter {
  readonly revision: number;
  readonly resolve: () => void;
  readonly reject: (err: Error) => void;
}

export class EtcdFeed {
  readonly followers = new ChangeFeed();
  readonly #connection: EtcdConnection;
  readonly #clock: Clock;
  readonly #take: (change: Change) => Change;
  #revision: number;
  #waiting: Waiter[] = [];
  #failure: Error | undefined;

  /** `take` sees every change before anybody else, and may give another one for it. */
  constructor(
    connection: EtcdConnection,
    clock: Clock,
    { revision, take }: { readonly revision: number; readonly take: (change: Change) => Change },
  ) {
    this.#connection = connection;
    this.#clock = clock;
    this.#revision = revision;
    this.#take = take;
  }

  /** Everything up to it has been told to all followers. */
  get revision(): number {
    return this.#revision;
  }

  reached(revision: number): Promise<void> {
    if (revision <= this.#revision) return Promise.resolve();
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => this.#waiting.push({ revision, resolve, reject }));
  }

  /** Runs until `signal` aborts, or the past that it has to go on from is compacted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#failure) {
      try {
        const request = { ...EVERYTHING, startRevision: this.#revision + 1, prevKv: true };
        for await (const response of this.#connection.stream(watch, { createRequest: request }, signal))
          if (!this.#onResponse(response)) break;
      } catch (err) {
        if (!(err instanceof EtcdError)) throw err; // nothing else is expected of a stream
      }
      if (!signal.aborted && !this.#failure) await this.#clock.sleep(RETRY_MS, signal).catch(() => {});
    }
  }

  fail(failure: Error): void {
    this.#failure ??= failure;
    for (const { reject } of this.#waiting) reject(this.#failure);
    this.#waiting = [];
    this.followers.fail(this.#failure);
  }

  /** False: the watch is over. */
  #onResponse({ canceled, compactRevision, events }: WatchResponse): boolean {
    if (compactRevision > 0) {
      const missed = `revisions ${this.#revision + 1} to ${compactRevision} of etcd are compacted`;
      this.fail(new StoreUnavailable(`Cannot go on following etcd: ${missed}`));
    }
    if (canceled) return false;
    const last = events.at(-1);
    if (!last) return true;
    const changes = events.filter(isNews).map((event) => this.#take(changeOf(event)));
    this.#revision = last.kv.modRevision;
    this.followers.publish(changes);
    this.#wake();
    return true;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ revision }) => revision > this.#revision);
    for (const { revision, resolve } of waiting) if (revision <= this.#revision) resolve();
  }
}

/** Not so the mark of a write that has just been told: nobody but its writer wants it. One alone tells that a revision is there. */
function isNews({ kv }: Event, index: number, events: readonly Event[]): boolean {
  return events[index - 1]?.kv.modRevision !== kv.modRevision || !isMark(kv.key);
}
