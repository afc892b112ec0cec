/**
 * The store in memory: for tests, and for clusters that may forget everything when they stop. Durable against nothing.
 *
 * All changes since the last compaction lie in one array in revision order, and each key has the array of its own; reads in the past
 * walk those. Nothing here is fast for large histories: production stores are on disk.
 */

import type { Clock } from "@knarr/std/clock.ts";
import { compactByItself } from "../auto-compaction.ts";
import { ChangeFeed } from "../change-feed.ts";
import {
  Compacted,
  RevisionChanged,
  StoreUnavailable,
  type Change,
  type Entry,
  type Listing,
  type ListOptions,
  type Store,
} from "../store.ts";

export class MemoryStore implements Store {
  #revision = 0;
  #compacted = 0;
  #log: Change[] = [];
  /** Changes of each key, oldest first; what a key was at the last compaction stays as the first one. */
  readonly #keys = new Map<string, Change[]>();
  readonly #feed = new ChangeFeed();
  readonly #closed = new AbortController();
  readonly #compaction: Promise<void> | undefined;

  /** With a clock it forgets history by itself; without one, only when told. */
  constructor({ clock }: { readonly clock?: Clock } = {}) {
    this.#compaction = clock && compactByItself(this, clock, this.#closed.signal);
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

  latest(): number {
    return this.#revision;
  }

  async get(key: string, { revision }: { readonly revision?: number } = {}): Promise<Entry | undefined> {
    this.#checkPast(revision);
    return this.#at(key, revision ?? this.#revision);
  }

  async list(prefix: string, { revision, limit, after }: ListOptions = {}): Promise<Listing> {
    this.#checkPast(revision);
    const at = revision ?? this.#revision;
    const entries = [...this.#keys.keys()]
      .filter((key) => key.startsWith(prefix) && (after === undefined || key > after))
      .sort()
      .flatMap((key) => this.#at(key, at) ?? []);
    const page = limit ? entries.slice(0, limit) : entries;
    return { entries: page, revision: at, remaining: entries.length - page.length };
  }

  async put(key: string, value: Uint8Array, expected: number): Promise<Entry> {
    const current = this.#expect(key, expected);
    const revision = ++this.#revision;
    const entry = { key, value, revision, created: current?.created ?? revision };
    this.#commit({ type: "put", entry });
    return entry;
  }

  async delete(key: string, expected: number): Promise<Change> {
    const current = this.#expect(key, expected);
    if (!current) throw new RevisionChanged(key, undefined);
    const change = { type: "delete", entry: { ...current, revision: ++this.#revision } } as const;
    this.#commit(change);
    return change;
  }

  watch(prefix: string, after: number, signal: AbortSignal): AsyncIterable<readonly Change[]> {
    return this.#feed.watch(this, { prefix, after, signal });
  }

  async *changes(prefix: string, after: number, upTo: number): AsyncGenerator<readonly Change[]> {
    if (after < this.#compacted) throw new Compacted(after, this.#compacted);
    const past = this.#log.filter(
      ({ entry: { key, revision } }) => revision > after && revision <= upTo && key.startsWith(prefix),
    );
    if (past.length > 0) yield past;
  }

  async compact(revision: number): Promise<void> {
    if (revision > this.#revision) throw tooNew(revision, this.#revision);
    if (revision <= this.#compacted) return;
    this.#compacted = revision;
    this.#log = this.#log.filter(({ entry }) => entry.revision > revision);
    for (const [key, changes] of this.#keys) {
      const last = changes.findLastIndex(({ entry }) => entry.revision <= revision);
      const kept = changes.slice(changes[last]?.type === "delete" ? last + 1 : Math.max(last, 0));
      if (kept.length === 0) this.#keys.delete(key);
      else this.#keys.set(key, kept);
    }
  }

  async stats(): Promise<{ bytes: number; entries: number; history: number }> {
    const changes = [...this.#keys.values()].flat();
    const entries = [...this.#keys.values()].filter((of) => of.at(-1)!.type === "put").length;
    const bytes = changes.reduce(
      (sum, { type, entry }) => sum + (type === "put" ? entry.value.length : 0),
      0,
    );
    return { bytes, entries, history: changes.length - entries };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    this.#feed.fail(new StoreUnavailable("Cannot follow the store: it is closed"));
    await this.#compaction;
  }

  #at(key: string, revision: number): Entry | undefined {
    const change = this.#keys.get(key)?.findLast(({ entry }) => entry.revision <= revision);
    return change?.type === "put" ? change.entry : undefined;
  }

  #expect(key: string, expected: number): Entry | undefined {
    if (this.#closed.signal.aborted) throw new StoreUnavailable(`Cannot write ${key}: the store is closed`);
    const current = this.#at(key, this.#revision);
    if ((current?.revision ?? 0) !== expected) throw new RevisionChanged(key, current);
    return current;
  }

  #commit(change: Change): void {
    this.#log.push(change);
    const changes = this.#keys.get(change.entry.key);
    if (changes) changes.push(change);
    else this.#keys.set(change.entry.key, [change]);
    this.#feed.publish([change]);
  }

  #checkPast(revision: number | undefined): void {
    if (revision === undefined) return;
    if (revision < this.#compacted) throw new Compacted(revision, this.#compacted);
    if (revision > this.#revision) throw tooNew(revision, this.#revision);
  }
}

function tooNew(revision: number, now: number): RangeError {
  return new RangeError(`Cannot read revision ${revision}: the store has reached ${now}`);
}
