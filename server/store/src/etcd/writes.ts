/**
 * Writes to an etcd: each is one transaction that compares the key's revision. It is acknowledged when etcd has it and the watch of all keys has
 * brought it back, so followers here have heard of it. Writes of one key take turns; others travel side by side.
 *
 * When a connection breaks under a write, it is sent again until its time is over. The mark that it carries (`marks.ts`) lets it happen once at
 * most, and tells it from the same bytes that somebody else has written.
 */

import type { Clock } from "@knarr/std/clock.ts";
import { RevisionChanged, type Change } from "../store.ts";
import { EtcdError, type EtcdConnection } from "./connection.ts";
import type { EtcdFeed } from "./feed.ts";
import { bytesOf, entryOf } from "./keys.ts";
import { Leases } from "./leases.ts";
import { Marks, type Mark } from "./marks.ts";
import { range, txn, type TxnRequest, type TxnResponse } from "./rpc.ts";
import { unavailable, unknown } from "./trouble.ts";

export interface Write {
  readonly key: string;
  /** Absent: delete. */
  readonly value: Uint8Array | undefined;
  readonly expected: number;
  /** How long an entry lives that ends by itself. */
  readonly seconds?: number | undefined;
}

export interface EtcdWritesOptions {
  readonly connection: EtcdConnection;
  readonly clock: Clock;
  readonly feed: EtcdFeed;
  /** Rejects when etcd does not answer. */
  readonly answers: () => Promise<unknown>;
}

/** Until another member is asked, or the same one again. */
const RETRY_MS = 100;
/** No key has this revision: what is not there cannot be deleted. */
const NEVER = -1;

export class EtcdWrites {
  readonly #connection: EtcdConnection;
  readonly #clock: Clock;
  readonly #feed: EtcdFeed;
  readonly #answers: () => Promise<unknown>;
  readonly #leases: Leases;
  readonly #marks: Marks;
  /** The last write of each key that is under way. */
  readonly #turns = new Map<string, Promise<unknown>>();
  /** What is being written under each key. */
  readonly #values = new Map<string, Uint8Array>();

  constructor({ connection, clock, feed, answers }: EtcdWritesOptions) {
    this.#connection = connection;
    this.#clock = clock;
    this.#feed = feed;
    this.#answers = answers;
    this.#leases = new Leases(connection, clock);
    this.#marks = new Marks(connection, clock);
  }

  /** Resolves when no write is under way. */
  async ended(): Promise<void> {
    while (this.#turns.size > 0) await Promise.allSettled(this.#turns.values());
  }

  /** What was written here comes back as the bytes it was. */
  withOwnBytes(change: Change): Change {
    const { type, entry } = change;
    const value = this.#values.get(entry.key);
    const isOwn = type === "put" && value && Buffer.compare(value, entry.value) === 0;
    return isOwn ? { type, entry: { ...entry, value } } : change;
  }

  /** Its time is over when the connection has had no answer for as long as it has patience; `signal` ends the pauses between tries. */
  async make(write: Write, signal: AbortSignal): Promise<Change> {
    const { key, value } = write;
    const turn = (this.#turns.get(key) ?? Promise.resolve()).then(async () => {
      if (value) this.#values.set(key, value);
      try {
        return await this.#send(write, signal);
      } finally {
        this.#values.delete(key);
      }
    });
    const done = turn.catch(() => {}); // who waits for the turn does not care how it ended
    this.#turns.set(key, done);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(key) === done) this.#turns.delete(key);
    }
  }

  async #send(write: Write, signal: AbortSignal): Promise<Change> {
    // What is not even sent has not happened, which is more than can be told afterwards.
    if (this.#connection.isLost) await this.#answers();
    const until = this.#clock.now() + this.#connection.patience;
    const mark = this.#marks.take();
    let made: number | undefined;
    try {
      for (;;) {
        try {
          if (mark.isOpen) made = await this.#marks.settle(mark);
          const change = made ? await this.#madeAt(made, write) : await this.#attempt(write, mark);
          if (!change) continue;
          await this.#feed.reached(change.entry.revision);
          return change;
        } catch (err) {
          if (!(err instanceof EtcdError)) throw err;
          const isOver = this.#clock.now() > until || !(err.isUnsure || err.isLeaseGone);
          if (isOver && (mark.isOpen || made)) throw unknown(err, `write ${write.key}`);
          if (isOver) throw unavailable(err, `write ${write.key}`);
          if (err.isLeaseGone) this.#forgetLeases();
          await this.#clock.sleep(RETRY_MS, signal).catch(() => {}); // another member, or the same one later
        }
      }
    } finally {
      this.#marks.giveBack(mark);
    }
  }

  /** Undefined: its mark was not there any more, so it was not made, for no fault of its own. */
  async #attempt(write: Write, mark: Mark): Promise<Change | undefined> {
    const transaction = await this.#transactionOf(write, mark);
    mark.isOpen = true;
    const answer = await this.#connection.once(txn, transaction).catch((err: EtcdError) => {
      mark.isOpen = err.isUnsure;
      throw err;
    });
    mark.isOpen = false;
    const { header, succeeded, responses } = answer;
    if (succeeded) {
      mark.revision = header.revision;
      return changeMade(write, answer);
    }
    const [current, looked] = responses.map(({ responseRange }) => responseRange!.kvs[0]);
    const { modRevision = 0 } = looked ?? {};
    if (modRevision !== mark.revision) {
      mark.revision = modRevision;
      return undefined;
    }
    await this.#feed.reached(header.revision);
    throw new RevisionChanged(write.key, current && entryOf(current));
  }

  async #transactionOf({ key: name, value, expected, seconds }: Write, mark: Mark): Promise<TxnRequest> {
    const key = bytesOf(name);
    const lease = seconds && (await this.#leases.of(seconds));
    const parts = await this.#marks.partsFor(mark);
    return {
      compare: [{ key, target: "MOD", modRevision: value ? expected : expected || NEVER }, parts.expected],
      success: value
        ? [
            { requestPut: { key, value, ...(lease && { lease }) } },
            parts.made,
            { requestRange: { key, keysOnly: true } },
          ]
        : [{ requestDeleteRange: { key, prevKv: true } }, parts.made],
      failure: [{ requestRange: { key } }, parts.look],
    };
  }

  /** What a write was that was made at `revision`, and not answered. */
  async #madeAt(revision: number, { key, value }: Write): Promise<Change> {
    const request = { key: bytesOf(key), revision: value ? revision : revision - 1 };
    const { kvs } = await this.#connection.once(range, request);
    const entry = { ...entryOf(kvs[0]!), revision };
    return value ? { type: "put", entry: { ...entry, value } } : { type: "delete", entry };
  }

  #forgetLeases(): void {
    this.#leases.forget();
    this.#marks.forgetLease();
  }
}

function changeMade({ key, value }: Write, { header, responses }: TxnResponse): Change {
  const { revision } = header;
  if (value) {
    const { createRevision: created } = responses[2]!.responseRange!.kvs[0]!;
    return { type: "put", entry: { key, value, revision, created } };
  }
  const last = responses[0]!.responseDeleteRange!.prevKvs[0]!;
  return { type: "delete", entry: { ...entryOf(last), revision } };
}
