/**
 * The store in an etcd cluster, which any number of servers share, upstream's API servers among them.
 *
 * Writes are `etcd/writes.ts`; what comes of them and of others', by one watch of all keys, is `etcd/feed.ts`; reads are etcd's own answers.
 *
 * Revisions are etcd's own, so what clients know of one server is good at all. A new etcd is at revision 1.
 */

import { realClock, type Clock } from "@knarr/std/clock.ts";
import { COMPACT_KEY, compactTogether } from "../etcd/compaction.ts";
import { EtcdConnection, EtcdError, type EtcdAddress } from "../etcd/connection.ts";
import { EtcdFeed } from "../etcd/feed.ts";
import { bytesOf, changeOf, entryOf, EVERYTHING, rangeOf } from "../etcd/keys.ts";
import { compact, range, status, watch, type RangeRequest } from "../etcd/rpc.ts";
import { SharedQuestion } from "../etcd/shared-question.ts";
import { closed, unavailable } from "../etcd/trouble.ts";
import { EtcdWrites, type Write } from "../etcd/writes.ts";
import {
  Compacted,
  StoreUnavailable,
  type Change,
  type Entry,
  type Listing,
  type ListOptions,
  type PutOptions,
  type Store,
} from "../store.ts";

export interface EtcdOptions extends EtcdAddress {
  /** With a clock it takes its turn at forgetting history; without one, only when told. */
  readonly clock?: Clock;
}

/** Nobody writes it: for what is asked of etcd itself. */
const NOTHING = Buffer.from("knarr");

export class EtcdStore implements Store {
  readonly #connection: EtcdConnection;
  readonly #clock: Clock;
  readonly #feed: EtcdFeed;
  readonly #writes: EtcdWrites;
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;
  #compacted: number;
  readonly #latest = new SharedQuestion(async () => {
    const { header } = await this.#range({ key: NOTHING, countOnly: true });
    return header.revision;
  });

  /** Rejects with a sentence for the administrator when no member answers. */
  static async open({ clock, ...address }: EtcdOptions): Promise<EtcdStore> {
    const connection = new EtcdConnection(address, clock ?? realClock);
    try {
      const { header } = await connection.read(range, { key: NOTHING, countOnly: true });
      const compacted = await compactedAt(connection);
      return new EtcdStore(connection, { revision: header.revision, compacted, clock });
    } catch (err) {
      connection[Symbol.dispose]();
      const why = (err as Error).message;
      throw new StoreUnavailable(`Cannot open the store at etcd ${address.endpoints.join(",")}: ${why}`, {
        cause: err,
      });
    }
  }

  private constructor(
    connection: EtcdConnection,
    {
      revision,
      compacted,
      clock,
    }: { readonly revision: number; readonly compacted: number; readonly clock: Clock | undefined },
  ) {
    this.#connection = connection;
    this.#clock = clock ?? realClock;
    this.#compacted = compacted;
    this.#feed = new EtcdFeed(connection, this.#clock, { revision, take: (change) => this.#take(change) });
    const answers = (): Promise<unknown> => this.latest();
    this.#writes = new EtcdWrites({ connection, clock: this.#clock, feed: this.#feed, answers });
    const { signal } = this.#stop;
    const work = [this.#feed.run(signal)];
    if (clock) work.push(compactTogether(connection, clock, signal));
    for (const one of work) one.catch((err: Error) => this.#feed.fail(unavailable(err, "follow etcd")));
    this.#running = Promise.allSettled(work);
  }

  get isShared(): boolean {
    return true;
  }

  get revision(): number {
    return this.#feed.revision;
  }

  get compacted(): number {
    return this.#compacted;
  }

  get trouble(): string | undefined {
    return this.#connection.trouble;
  }

  latest(): Promise<number> {
    return this.#latest.answer();
  }

  async get(key: string, { revision }: { readonly revision?: number } = {}): Promise<Entry | undefined> {
    const { kvs } = await this.#range({ key: bytesOf(key), ...(revision && { revision }) });
    return kvs[0] && entryOf(kvs[0]);
  }

  async list(prefix: string, { revision, after, limit }: ListOptions = {}): Promise<Listing> {
    const { header, kvs, count } = await this.#range({
      ...rangeOf(prefix, after),
      ...(revision && { revision }),
      ...(limit && { limit }),
    });
    const entries = kvs.map(entryOf);
    return { entries, revision: revision ?? header.revision, remaining: count - kvs.length };
  }

  async put(key: string, value: Uint8Array, expected: number, { seconds }: PutOptions = {}): Promise<Entry> {
    return (await this.#write({ key, value, expected, seconds })).entry;
  }

  delete(key: string, expected: number): Promise<Change> {
    return this.#write({ key, value: undefined, expected });
  }

  watch(prefix: string, after: number, signal: AbortSignal): AsyncIterable<readonly Change[]> {
    return this.#feed.followers.watch(this, { prefix, after, signal });
  }

  /** Looks through the changes of all keys: so the one at `upTo` tells that no more can come. */
  async *changes(prefix: string, after: number, upTo: number): AsyncGenerator<readonly Change[]> {
    if (after < this.#compacted) throw new Compacted(after, this.#compacted);
    const { signal } = this.#stop;
    for (let seen = after; seen < upTo && !signal.aborted;) {
      const createRequest = { ...EVERYTHING, startRevision: seen + 1, prevKv: true };
      try {
        for await (const response of this.#connection.stream(watch, { createRequest }, signal)) {
          if (response.compactRevision > 0) {
            this.#compacted = Math.max(this.#compacted, response.compactRevision);
            throw new Compacted(seen, this.#compacted);
          }
          if (response.canceled) break;
          const wanted = response.events
            .map(changeOf)
            .filter(({ entry: { key, revision } }) => revision <= upTo && key.startsWith(prefix));
          seen = response.events.at(-1)?.kv.modRevision ?? seen;
          if (wanted.length > 0) yield wanted;
          if (seen >= upTo) return;
        }
      } catch (err) {
        if (!(err instanceof EtcdError && err.isUnsure)) throw err;
      }
      await this.#clock.sleep(100, signal).catch(() => {}); // another member goes on where this one has ended
    }
    if (signal.aborted) throw closed();
  }

  async compact(revision: number): Promise<void> {
    if (revision > this.revision) throw tooNew(revision, this.revision);
    if (revision <= this.#compacted) return;
    await this.#connection.read(compact, { revision }).catch((err: unknown) => {
      if (!(err instanceof EtcdError && err.isCompacted)) throw unavailable(err, "compact etcd");
    });
    this.#compacted = Math.max(this.#compacted, revision);
  }

  /** `history` is how many writes are kept beside the entries at most: etcd does not say. */
  async stats(): Promise<{ bytes: number; entries: number; history: number }> {
    const [{ dbSize: bytes }, { count: entries }] = await Promise.all([
      this.#connection.read(status, {}),
      this.#connection.read(range, { ...rangeOf("/"), countOnly: true }),
    ]);
    return { bytes, entries, history: this.revision - this.#compacted };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writes.ended();
    this.#stop.abort();
    this.#feed.fail(closed());
    await this.#running;
    this.#connection[Symbol.dispose]();
  }

  async #write(write: Write): Promise<Change> {
    const { signal } = this.#stop;
    if (signal.aborted) throw closed();
    return this.#writes.make(write, signal);
  }

  /** A change on its way to the followers. */
  #take(change: Change): Change {
    const { type, entry } = change;
    if (type === "put" && entry.key === COMPACT_KEY)
      this.#compacted = Math.max(this.#compacted, Number(Buffer.from(entry.value).toString()) || 0);
    return this.#writes.withOwnBytes(change);
  }

  async #range(request: RangeRequest) {
    try {
      return await this.#connection.read(range, request);
    } catch (err) {
      const { revision = 0 } = request;
      if (err instanceof EtcdError && err.isFuture) throw tooNew(revision, this.revision);
      if (!(err instanceof EtcdError && err.isCompacted)) throw unavailable(err, "read etcd");
      this.#compacted = Math.max(this.#compacted, await compactedAt(this.#connection));
      throw new Compacted(revision, this.#compacted);
    }
  }
}

/** Which past is gone: a watch that begins before it is told so. */
async function compactedAt(connection: EtcdConnection): Promise<number> {
  try {
    await connection.read(range, { key: NOTHING, countOnly: true, revision: 1 });
    return 0;
  } catch (err) {
    if (!(err instanceof EtcdError && err.isCompacted)) throw err;
  }
  const createRequest = {
    key: NOTHING,
    rangeEnd: Buffer.from("knarr\0"),
    startRevision: 1,
    prevKv: false,
  };
  for await (const { compactRevision } of connection.stream(
    watch,
    { createRequest },
    AbortSignal.timeout(connection.patience),
  ))
    if (compactRevision > 0) return compactRevision;
  throw new StoreUnavailable("Cannot tell how far etcd is compacted: it does not answer");
}

function tooNew(revision: number, now: number): RangeError {
  return new RangeError(`Cannot read revision ${revision}: the store has reached ${now}`);
}
