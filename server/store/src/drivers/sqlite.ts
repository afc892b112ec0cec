/**
 * The store in one SQLite file, for one server.
 *
 * This side keeps the writes that wait for their answer and tells watchers; the file belongs to a worker thread (`../sqlite/worker.ts`),
 * where all writes that wait share one transaction and one sync. Writes of one turn of the event loop travel in one message.
 */

import { realClock, type Clock } from "@knarr/std/clock.ts";
import { statSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { compactByItself } from "../auto-compaction.ts";
import { ChangeFeed } from "../change-feed.ts";
import type { Answer, Committed, Failed, ReadAnswer, ReadRequest, Request } from "../sqlite/messages.ts";
import type { MovedPrefixes } from "../sqlite/database.ts";
import type { WorkerData } from "../sqlite/worker.ts";
import { unpackRows } from "../sqlite/packing.ts";
import { Patience } from "../sqlite/patience.ts";
import { PendingWrites } from "../sqlite/pending-writes.ts";
import {
  Compacted,
  OutcomeUnknown,
  RevisionChanged,
  StoreUnavailable,
  type Change,
  type Entry,
  type Listing,
  type ListOptions,
  type Store,
} from "../store.ts";

interface PendingRead {
  /** A check or a copy of the whole file takes as long as it takes. */
  readonly isLong: boolean;
  /** Until then nothing else need be answered: the file itself is worked on. */
  readonly holdsUntil: number;
  readonly resolve: (answer: ReadAnswer) => void;
  readonly reject: (err: Error) => void;
}

export interface SqliteOptions {
  readonly path: string;
  /** With a clock the store forgets history by itself; without one, only when told. */
  readonly clock?: Clock;
  /** Told when writes begin to be refused, why, and with nothing when they are taken again. */
  readonly onTrouble?: (trouble: string | undefined) => void;
  /** For files from before format 2: what keys began with, each with what they begin with now. */
  readonly movedPrefixes?: MovedPrefixes;
}

const LONG_READS = new Set<ReadRequest["type"]>(["check", "backup", "compact", "scrub"]);
/** A disk that writes less than 10 MB anew in a second hangs. */
const SLOWEST_BYTES_PER_MS = 10_000;

/** So long the disk may take over a write until everybody who waits is told. */
const PATIENCE_MS = 10_000;

export class SqliteStore implements Store {
  readonly #path: string;
  readonly #worker: Worker;
  readonly #feed = new ChangeFeed();
  readonly #stop = new AbortController();
  readonly #exited = Promise.withResolvers<void>();
  #compaction: Promise<void> | undefined;
  #revision: number;
  #compacted: number;
  readonly #writes = new PendingWrites();
  readonly #reads = new Map<number, PendingRead>();
  #lastRead = 0;
  readonly #clock: Clock;
  readonly #patience: Patience;
  /** Why the disk has not answered for so long. */
  #stalled: string | undefined;
  #trouble: string | undefined;
  readonly #onTrouble: (trouble: string | undefined) => void;
  #failure: StoreUnavailable | undefined;

  /** Rejects with a sentence for the administrator when the file cannot be used. */
  static async open(options: SqliteOptions): Promise<SqliteStore> {
    const { path, movedPrefixes: moved = [] } = options;
    const worker = new Worker(new URL("../sqlite/worker.ts", import.meta.url), {
      workerData: { path, moved } satisfies WorkerData,
      name: "store",
    });
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    worker.once("message", resolve).once("error", reject);
    const answer = await promise;
    worker.off("error", reject);
    if (answer.type === "opened") return new SqliteStore(worker, answer, options);
    throw new StoreUnavailable(answer.type === "refused" ? answer.message : `Cannot open the store ${path}`);
  }

  private constructor(
    worker: Worker,
    { revision, compacted }: { readonly revision: number; readonly compacted: number },
    { path, clock, onTrouble = () => {} }: SqliteOptions,
  ) {
    this.#path = path;
    this.#worker = worker;
    this.#onTrouble = onTrouble;
    this.#clock = clock ?? realClock;
    this.#patience = new Patience({
      clock: this.#clock,
      ms: PATIENCE_MS,
      signal: this.#stop.signal,
      exhausted: () => (this.#isHeldUp() ? this.#patience.begin() : this.#stall()),
    });
    this.#revision = revision;
    this.#compacted = compacted;
    worker.on("message", (answer: Answer) => this.#onAnswer(answer));
    worker.on("error", (err: Error) =>
      this.#fail(new StoreUnavailable(`The store stopped: ${err.message}`, { cause: err })),
    );
    worker.on("exit", () => {
      this.#fail(new StoreUnavailable("The store is closed"));
      this.#exited.resolve();
    });
    if (!clock) return;
    this.#compaction = compactByItself(this, clock, this.#stop.signal);
    this.#compaction.catch((err: Error) => this.#fail(new StoreUnavailable(err.message, { cause: err })));
  }

  get isShared(): boolean {
    return false;
  }

  get revision(): number {
    return this.#revision;
  }

  get compacted(): number {
    return this.#compacted;
  }

  get trouble(): string | undefined {
    return this.#failure?.message ?? this.#trouble;
  }

  latest(): number {
    return this.#revision;
  }

  async get(key: string, { revision }: { readonly revision?: number } = {}): Promise<Entry | undefined> {
    const answer = await this.#read({ type: "get", key, revision });
    return answer.type === "rows" ? unpackRows(answer.rows)[0] : undefined;
  }

  async list(prefix: string, { revision, after, limit, count = true }: ListOptions = {}): Promise<Listing> {
    const answer = await this.#read({ type: "list", prefix, revision, after, limit, count });
    if (answer.type !== "rows") throw new StoreUnavailable(`Cannot list ${prefix}: got ${answer.type}`);
    const entries = unpackRows(answer.rows) as Entry[];
    return { entries, revision: answer.revision, remaining: answer.remaining };
  }

  async put(key: string, value: Uint8Array, expected: number): Promise<Entry> {
    return (await this.#write(key, value, expected)).entry;
  }

  delete(key: string, expected: number): Promise<Change> {
    return this.#write(key, undefined, expected);
  }

  watch(prefix: string, after: number, signal: AbortSignal): AsyncIterable<readonly Change[]> {
    return this.#feed.watch(this, { prefix, after, signal });
  }

  async *changes(prefix: string, after: number, upTo: number): AsyncGenerator<readonly Change[]> {
    if (after < this.#compacted) throw new Compacted(after, this.#compacted);
    for (let from = after, more = from < upTo; more;) {
      const answer = await this.#read({ type: "changes", prefix, after: from, upTo });
      if (answer.type !== "changes") throw new StoreUnavailable(`Cannot read ${prefix}: got ${answer.type}`);
      const entries = unpackRows(answer.rows) as Entry[];
      const batch = entries.map((entry, i): Change => ({
        type: answer.isDelete[i] ? "delete" : "put",
        entry,
      }));
      if (batch.length > 0) yield batch;
      from = batch.at(-1)?.entry.revision ?? upTo;
      more = answer.more;
    }
  }

  async compact(revision: number): Promise<void> {
    if (revision <= this.#compacted) return;
    if (revision <= this.#revision) this.#compacted = revision;
    await this.#read({ type: "compact", revision });
  }

  async check(): Promise<readonly string[]> {
    const answer = await this.#read({ type: "check" });
    return answer.type === "checked" ? answer.problems : [];
  }

  async scrub(): Promise<void> {
    await this.#read({ type: "scrub" });
  }

  async backup(path: string): Promise<void> {
    await this.#read({ type: "backup", path });
  }

  get bytes(): number {
    const files = [this.#path, `${this.#path}-wal`];
    return files.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0);
  }

  async stats(): Promise<{ bytes: number; entries: number; history: number }> {
    const answer = await this.#read({ type: "stats" });
    if (answer.type !== "stats") throw new StoreUnavailable(`Cannot measure the store: got ${answer.type}`);
    const { bytes, entries, history } = answer;
    return { bytes, entries, history };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#flush();
    if (!this.#failure) this.#post({ type: "close" });
    await this.#exited.promise;
    await this.#compaction?.catch(() => {}); // told to everybody by #fail already
  }

  #write(key: string, value: Uint8Array | undefined, expected: number): Promise<Change> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#stop.signal.aborted) return Promise.reject(new StoreUnavailable("The store is closed"));
    if (this.#stalled) return Promise.reject(new StoreUnavailable(this.#stalled));
    return new Promise((resolve, reject) => {
      const isFirst = this.#writes.add({ key, value, expected, resolve, reject });
      if (isFirst) setImmediate(() => this.#flush());
    });
  }

  #flush(): void {
    const request = this.#failure ? undefined : this.#writes.request();
    if (!request) return;
    this.#patience.begin();
    this.#worker.postMessage(request satisfies Request, [request.values.bytes.buffer]);
  }

  #read(read: ReadRequest): Promise<ReadAnswer> {
    if (this.#failure) return Promise.reject(this.#failure);
    const isLong = LONG_READS.has(read.type);
    if (this.#stalled && !isLong) return Promise.reject(new StoreUnavailable(this.#stalled));
    return new Promise((resolve, reject) => {
      const id = ++this.#lastRead;
      const holds = read.type === "scrub" ? this.bytes / SLOWEST_BYTES_PER_MS : 0;
      this.#reads.set(id, { resolve, reject, isLong, holdsUntil: this.#clock.now() + holds });
      if (!isLong) this.#patience.begin();
      this.#post({ id, read });
    });
  }

  #post(request: Request): void {
    this.#worker.postMessage(request);
  }

  #onAnswer(answer: Answer): void {
    if (this.#stalled) this.#setTrouble((this.#stalled = undefined));
    switch (answer.type) {
      case "committed":
        this.#onCommitted(answer);
        break;
      case "failed":
        this.#onFailed(answer);
        break;
      case "read":
        this.#onRead(answer.id, answer.answer);
        break;
      case "recovered":
        this.#setTrouble(undefined);
    }
    const isMoreAwaited = !this.#writes.isAnswered || this.#reads.values().some(({ isLong }) => !isLong);
    this.#patience.heard({ isMoreAwaited });
  }

  /** Watchers first, then the writers: whoever sees his write acknowledged finds it told to everybody. */
  #onCommitted({ count, revisions, created, deleted, refusals }: Committed): void {
    const writes = this.#writes.answered(count);
    const lasts = unpackRows(deleted);
    const others = unpackRows(refusals);
    const changes: (Change | undefined)[] = writes.map(({ key, value }, i) => {
      const revision = revisions[i]!;
      if (revision === 0) return undefined;
      if (!value) return { type: "delete", entry: { ...lasts.shift()!, revision } };
      return { type: "put", entry: { key, value, revision, created: created[i]! } };
    });
    const made = changes.filter((change) => change !== undefined);
    this.#revision = made.at(-1)?.entry.revision ?? this.#revision;
    if (made.length > 0) this.#feed.publish(made);
    for (const [index, { key, resolve, reject }] of writes.entries()) {
      const change = changes[index];
      if (change) resolve(change);
      else reject(new RevisionChanged(key, others.shift()));
    }
  }

  #onFailed({ count, message, isUnsure }: Failed): void {
    this.#setTrouble(message);
    const failure = isUnsure
      ? new OutcomeUnknown(`${message}. Whether the write has happened is not known`)
      : new StoreUnavailable(message);
    for (const { reject } of this.#writes.answered(count)) reject(failure);
  }

  #isHeldUp(): boolean {
    const now = this.#clock.now();
    return this.#reads.values().some(({ holdsUntil }) => holdsUntil > now);
  }

  /** Whoever waits hears of it. When the worker answers after all, followers hear of what it has done. */
  #stall(): void {
    this.#stalled = `Cannot write to the store: its disk has not answered for ${PATIENCE_MS / 1000} seconds`;
    this.#setTrouble(this.#stalled);
    const failure = new OutcomeUnknown(`${this.#stalled}. Whether the write will happen is not known`);
    this.#writes.giveUp(failure);
    for (const [id, { reject, isLong }] of this.#reads) {
      if (isLong) continue;
      this.#reads.delete(id);
      reject(new StoreUnavailable(this.#stalled));
    }
  }

  #setTrouble(trouble: string | undefined): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.#onTrouble(trouble);
  }

  #onRead(id: number, answer: ReadAnswer): void {
    const read = this.#reads.get(id);
    if (!read) return; // it has been given up
    const { resolve, reject } = read;
    this.#reads.delete(id);
    switch (answer.type) {
      case "gone":
        return reject(new Compacted(answer.revision, answer.compacted));
      case "tooNew":
        return reject(
          new RangeError(`Cannot read revision ${answer.revision}: the store has reached ${answer.now}`),
        );
      case "error":
        return reject(new StoreUnavailable(answer.message));
      default:
        return resolve(answer);
    }
  }

  #fail(failure: StoreUnavailable): void {
    if (this.#failure) return;
    this.#failure = failure;
    this.#writes.giveUp(failure);
    for (const { reject } of this.#reads.values()) reject(failure);
    this.#reads.clear();
    this.#feed.fail(failure);
  }
}
