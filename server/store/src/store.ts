/**
 * The store: a map from keys to bytes that remembers its past.
 *
 * What every driver promises, and `conformance.ts` checks:
 *
 * - One revision counter for the whole store. Each successful write raises it by one; the new value is the
 *   write's revision and never names another write.
 * - A write is acknowledged only when it would survive `kill -9` and loss of power.
 * - A read at a revision sees exactly the writes up to it, or throws Compacted; RangeError for one not reached yet.
 * - A watch from revision r yields every change after r, each once, in revision order, with no gap. It either
 *   keeps that promise or ends with an error; it never skips.
 *
 * - History is forgotten by itself after some minutes (`auto-compaction.ts`), and its space given back.
 * - A write that cannot be made durable throws StoreUnavailable and has not happened, or OutcomeUnknown, when nobody can tell; reads go on.
 * - Nobody waits without end, and what waits is bounded: a store that does not answer refuses, until it does again.
 *
 * What is not promised: that a read sees a write another process has just made (ask for its revision), or that
 * history is kept longer than the compaction interval.
 *
 * The bytes given to `put` belong to the store from then on, and come back in the watch's entry as they are: the caller
 * must not change them.
 *
 * Keys have segments (`/registry/pods/<namespace>/<name>`). The store knows nothing of them but their order, and does not look inside values.
 */
export interface Store extends AsyncDisposable {
  /** Other processes may write, too; and what is put with `seconds` ends by itself. */
  readonly isShared: boolean;
  /** Revision of the last acknowledged write; 0 for a new store. */
  readonly revision: number;
  /** Reads before this revision throw Compacted. */
  readonly compacted: number;

  /**
   * The revision that whoever must not miss anything waits for: all writes acknowledged by now, of this process and of others, are at or
   * before it. At once where no other process can write.
   */
  latest(): number | Promise<number>;

  /** The entry now, or as it was at `revision`. */
  get(key: string, options?: { readonly revision?: number }): Promise<Entry | undefined>;

  /** Entries whose key starts with `prefix`, in key order. */
  list(prefix: string, options?: ListOptions): Promise<Listing>;

  /** Writes only if the key's revision is still `expected` (0: only if absent). Otherwise throws RevisionChanged. */
  put(key: string, value: Uint8Array, expected: number, options?: PutOptions): Promise<Entry>;

  /** Deletes only if the key's revision is still `expected`. Returns the change, whose entry is the last value with the delete's revision. */
  delete(key: string, expected: number): Promise<Change>;

  /** Every change after revision `after` to keys with `prefix`, in batches as they were committed. Throws Compacted if that past is gone. Ends when `signal` aborts. */
  watch(prefix: string, after: number, signal: AbortSignal): AsyncIterable<readonly Change[]>;

  /** What `watch` would replay, and no more: every change after one revision and up to another. Throws Compacted if that past is gone. */
  changes(prefix: string, after: number, upTo: number): AsyncIterable<readonly Change[]>;

  /** Forgets history before `revision` (never a live entry), in small steps that do not hold up writers. */
  compact(revision: number): Promise<void>;

  /** Why nothing can be written at the moment, as far as is known without trying; what refused writes say. */
  readonly trouble?: string | undefined;

  /** Bytes on disk now; undefined where the store is no file of ours. */
  readonly bytes?: number | undefined;

  /** Writes the file anew, so that nothing is left in it of what was overwritten or forgotten. Writers wait. Absent like `check`. */
  scrub?(): Promise<void>;

  /** Bytes on disk now, and rows kept. */
  stats(): Promise<{ readonly bytes: number; readonly entries: number; readonly history: number }>;

  /** What is wrong with the file, in sentences, while writers go on; absent where the store is no file of ours. */
  check?(): Promise<readonly string[]>;

  /** Copies all of one moment into one new file, while writers go on; absent like `check`. */
  backup?(path: string): Promise<void>;
}

export interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
  /** Revision of the write that made this value. */
  readonly revision: number;
  /** Revision of the write that made the key. */
  readonly created: number;
  /** Why the value is not what was written, or cannot be decrypted: then it is as it lies in the store. */
  readonly unreadable?: string;
}

export interface PutOptions {
  /** Nobody needs the entry after so many seconds: the store may delete it then, or leave that to the caller. */
  readonly seconds?: number;
}

export interface ListOptions {
  readonly revision?: number;
  readonly limit?: number;
  /** Only keys after this one: how a listing goes on. */
  readonly after?: string;
  /** False: `remaining` need not be more than 1, which saves counting. */
  readonly count?: boolean;
}

export interface Listing {
  readonly entries: readonly Entry[];
  /** The revision the listing is of. */
  readonly revision: number;
  /** How many entries follow the last one given. */
  readonly remaining: number;
}

export interface Change {
  readonly type: "put" | "delete";
  /** For a delete: the value it had, with the revision of the delete. */
  readonly entry: Entry;
}

/** Somebody else wrote first. Read again, decide again. */
export class RevisionChanged extends Error {
  override readonly name = "RevisionChanged";
  readonly current: Entry | undefined;

  constructor(key: string, current: Entry | undefined) {
    super(`Cannot write ${key}: it is at revision ${current?.revision ?? 0}`);
    this.current = current;
  }
}

/** The past asked for is no longer kept. */
export class Compacted extends Error {
  override readonly name = "Compacted";
  readonly compacted: number;

  constructor(revision: number, compacted: number) {
    super(`Cannot read revision ${revision}: history before ${compacted} is compacted`);
    this.compacted = compacted;
  }
}

/** Nothing can be written at the moment, or nothing at all: no space left, the disk fails, the store is closed. */
export class StoreUnavailable extends Error {
  override readonly name: string = "StoreUnavailable";
}

/** Nobody can tell whether the write has happened, or will: the disk or the connection failed in the midst of it, or takes too long. */
export class OutcomeUnknown extends StoreUnavailable {
  override readonly name = "OutcomeUnknown";
}
