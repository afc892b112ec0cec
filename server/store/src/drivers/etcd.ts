/**
 * The store in an etcd cluster, which any number of servers share, upstream's API servers among them.
 *
 * A write is one transaction that compares the key's revision. It is acknowledged when etcd has it and the watch of all keys has brought it back, so
 * followers here have heard of it. Writes of one key take turns; others travel side by side. When a connection breaks under a write, it is sent
 * again: the comparison lets it happen once at most, and what stands in its place tells whether it has happened already.
 *
 * Revisions are etcd's own, so what clients know of one server is good at all. A new etcd is at revision 1.
 */

import { realClock, type Clock } from "@knarr/std/clock.ts";
import { COMPACT_KEY, compactTogether } from "../etcd/compaction.ts";
import { EtcdConnection, EtcdError, type EtcdAddress } from "../etcd/connection.ts";
import { EtcdFeed } from "../etcd/feed.ts";
import { bytesOf, changeOf, entryOf, EVERYTHING, rangeOf } from "../etcd/keys.ts";
import { Leases } from "../etcd/leases.ts";
import { compact, range, status, txn, watch, type RangeRequest, type TxnResponse } from "../etcd/rpc.ts";
import { SharedQuestion } from "../etcd/shared-question.ts";
import {
  Compacted,
  OutcomeUnknown,
  RevisionChanged,
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

/** A write that waits for its answer. */
interface Write {
  readonly key: string;
  /** Absent: delete. */
  readonly value: Uint8Array | undefined;
  readonly expected: number;
  readonly seconds: number | undefined;
  /** A revision before it. */
  readonly since: number;
}

/** Nobody writes it: for what is asked of etcd itself. */
const NOTHING = Buffer.from("knarr");

export class EtcdStore implements Store {
  readonly #connection: EtcdConnection;
  readonly #clock: Clock;
  readonly #leases: Leases;
  readonly #feed: EtcdFeed;
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;
  #compacted: number;
  /** The last write of each key that is under way. */
  readonly #turns = new Map<string, Promise<unknown>>();
  /** What is being written under each key. */
  readonly #values = new Map<string, Uint8Array>();
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
    this.#leases = new Leases(connection, this.#clock);
    this.#feed = new EtcdFeed(connection, this.#clock, { revision, take: (change) => this.#take(change) });
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
    return (await this.#write({ key, value, expected, seconds, since: this.revision })).entry;
  }

  delete(key: string, expected: number): Promise<Change> {
    return this.#write({ key, value: undefined, expected, seconds: undefined, since: this.revision });
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
    while (this.#turns.size > 0) await Promise.allSettled(this.#turns.values());
    this.#stop.abort();
    this.#feed.fail(closed());
    await this.#running;
    this.#connection[Symbol.dispose]();
  }

  async #write(write: Write): Promise<Change> {
    const { key, value } = write;
    if (this.#stop.signal.aborted) throw closed();
    const turn = (this.#turns.get(key) ?? Promise.resolve()).then(async () => {
      if (value) this.#values.set(key, value);
      try {
        return await this.#send(write);
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

  async #send(write: Write): Promise<Change> {
    // What is not even sent has not happened, which is more than can be told afterwards.
    if (this.#connection.isLost) await this.latest();
    const until = this.#clock.now() + this.#connection.patience;
    for (let isRepeated = false; ; isRepeated = true) {
      try {
        // Made, and deleted by somebody else, it must not be made again.
        const made = isRepeated && write.expected === 0 && (await this.#madeBefore(write, await this.#now()));
        if (made) return await this.#told(made);
        const answer = await this.#connection.once(txn, await this.#transaction(write));
        const change = await this.#changeMade(write, answer, isRepeated);
        if (change) return await this.#told(change);
        await this.#feed.reached(answer.header.revision);
        throw new RevisionChanged(write.key, currentIn(answer));
      } catch (err) {
        if (!(err instanceof EtcdError && err.isUnsure) || this.#clock.now() > until)
          throw unavailable(err, `write ${write.key}`);
        await this.#clock.sleep(100, this.#stop.signal).catch(() => {}); // another member, or the same one later
      }
    }
  }

  /** When followers here have heard of it. */
  async #told(change: Change): Promise<Change> {
    await this.#feed.reached(change.entry.revision);
    return change;
  }

  async #now(): Promise<number> {
    const { header } = await this.#connection.once(range, { key: NOTHING, countOnly: true });
    return header.revision;
  }

  async #transaction({ key: name, value, expected, seconds }: Write) {
    const key = bytesOf(name);
    const lease = seconds && (await this.#leases.of(seconds));
    return {
      compare: [{ key, target: "MOD", modRevision: expected } as const],
      success: [
        value
          ? { requestPut: { key, value, ...(lease && { lease }) } }
          : { requestDeleteRange: { key, prevKv: true } as const },
        ...(value ? [{ requestRange: { key, keysOnly: true } as const }] : []),
      ],
      failure: [{ requestRange: { key } }],
    };
  }

  /** What this write, or the same one sent before, has done; undefined: it has been refused. */
  async #changeMade(write: Write, answer: TxnResponse, isRepeated: boolean): Promise<Change | undefined> {
    const { key, value } = write;
    const { succeeded, header, responses } = answer;
    if (succeeded && value) {
      const { createRevision: created } = responses[1]!.responseRange!.kvs[0]!;
      return { type: "put", entry: { key, value, revision: header.revision, created } };
    }
    if (succeeded) {
      const last = responses[0]?.responseDeleteRange?.prevKvs[0];
      return last && { type: "delete", entry: { ...entryOf(last), revision: header.revision } };
    }
    return isRepeated ? await this.#madeBefore(write, header.revision) : undefined;
  }

  /**
   * What the same write has done that was sent before. One that expects a revision has made the first change after it, if any; a new key may have
   * been there and gone since, so any change may be the one that made it.
   */
  async #madeBefore(write: Write, upTo: number): Promise<Change | undefined> {
    const { key, value, expected, since } = write;
    for (;;) {
      try {
        const after = Math.max(expected || since, this.#compacted);
        for await (const batch of this.changes(key, after, upTo))
          for (const change of batch) {
            if (change.entry.key !== key) continue;
            const isOurs =
              change.type === (value ? "put" : "delete") && (!value || isEqual(value, change.entry.value));
            if (isOurs) return change;
            if (expected) return undefined;
          }
        return undefined;
      } catch (err) {
        if (!(err instanceof Compacted)) throw err; // how far is known now
      }
    }
  }

  /** A change on its way to the followers. What was written here comes back as the bytes it was. */
  #take(change: Change): Change {
    const { type, entry } = change;
    if (type === "delete") return change;
    if (entry.key === COMPACT_KEY) {
      this.#compacted = Math.max(this.#compacted, Number(Buffer.from(entry.value).toString()) || 0);
      return change;
    }
    const value = this.#values.get(entry.key);
    return value && isEqual(value, entry.value) ? { type, entry: { ...entry, value } } : change;
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

function currentIn({ responses }: TxnResponse): Entry | undefined {
  const found = responses[0]?.responseRange?.kvs[0];
  return found && entryOf(found);
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** etcd's troubles as the store tells them; what is none of etcd's stays what it is. */
function unavailable(err: unknown, what: string): Error {
  if (!(err instanceof EtcdError)) return err as Error;
  const { message } = err;
  if (/request is too large|message larger than max/.test(message))
    return new RangeError(`Cannot ${what}: ${message}; etcd's --max-request-bytes says how large it may be`);
  if (err.isUnsure && what.startsWith("write"))
    return new OutcomeUnknown(`Cannot ${what}: ${message}. Whether it has happened is not known`, {
      cause: err,
    });
  return new StoreUnavailable(`Cannot ${what}: ${message}`, { cause: err });
}

function closed(): StoreUnavailable {
  return new StoreUnavailable("The store is closed");
}

function tooNew(revision: number, now: number): RangeError {
  return new RangeError(`Cannot read revision ${revision}: the store has reached ${now}`);
}
