/**
 * A store whose revisions count from where it was when a test began, so that one suite is for stores that begin at 0, at 1, or after what
 * other tests have written.
 */

import {
  Compacted,
  RevisionChanged,
  type Change,
  type Entry,
  type Listing,
  type ListOptions,
  type PutOptions,
  type Store,
} from "../store.ts";

export class RelativeStore implements Store {
  readonly #store: Store;
  readonly #start: number;

  constructor(store: Store, start = store.revision) {
    this.#store = store;
    this.#start = start;
  }

  get isShared(): boolean {
    return this.#store.isShared;
  }

  get revision(): number {
    return this.#store.revision - this.#start;
  }

  get compacted(): number {
    return Math.max(this.#store.compacted - this.#start, 0);
  }

  async latest(): Promise<number> {
    return (await this.#store.latest()) - this.#start;
  }

  async get(key: string, { revision }: { readonly revision?: number } = {}): Promise<Entry | undefined> {
    const entry = await this.#store.get(key, this.#at(revision)).catch((err) => this.#throw(err));
    return entry && this.#entry(entry);
  }

  async list(prefix: string, { revision, ...options }: ListOptions = {}): Promise<Listing> {
    const listing = await this.#store
      .list(prefix, { ...options, ...this.#at(revision) })
      .catch((err) => this.#throw(err));
    const entries = listing.entries.map((entry) => this.#entry(entry));
    return { ...listing, entries, revision: listing.revision - this.#start };
  }

  async put(key: string, value: Uint8Array, expected: number, options?: PutOptions): Promise<Entry> {
    const made = this.#store.put(key, value, this.#absolute(expected), options);
    return this.#entry(await made.catch((err) => this.#throw(err)));
  }

  async delete(key: string, expected: number): Promise<Change> {
    return this.#change(
      await this.#store.delete(key, this.#absolute(expected)).catch((err) => this.#throw(err)),
    );
  }

  async *watch(prefix: string, after: number, signal: AbortSignal): AsyncGenerator<readonly Change[]> {
    for await (const batch of this.#store.watch(prefix, after + this.#start, signal))
      yield batch.map((change) => this.#change(change));
  }

  async *changes(prefix: string, after: number, upTo: number): AsyncGenerator<readonly Change[]> {
    for await (const batch of this.#store.changes(prefix, after + this.#start, upTo + this.#start))
      yield batch.map((change) => this.#change(change));
  }

  compact(revision: number): Promise<void> {
    return this.#store.compact(revision + this.#start);
  }

  stats(): ReturnType<Store["stats"]> {
    return this.#store.stats();
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#store[Symbol.asyncDispose]();
  }

  #at(revision: number | undefined): { revision?: number } {
    return revision === undefined ? {} : { revision: revision + this.#start };
  }

  /** 0 says that there is nothing, wherever one counts from. */
  #absolute(expected: number): number {
    return expected && expected + this.#start;
  }

  #entry(entry: Entry): Entry {
    return { ...entry, revision: entry.revision - this.#start, created: entry.created - this.#start };
  }

  #change({ type, entry }: Change): Change {
    return { type, entry: this.#entry(entry) };
  }

  #throw(err: unknown): never {
    if (err instanceof RevisionChanged)
      throw new RevisionChanged("the key", err.current && this.#entry(err.current));
    if (err instanceof Compacted) throw new Compacted(0, err.compacted - this.#start);
    throw err;
  }
}
