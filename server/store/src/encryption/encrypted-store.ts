/**
 * A store whose values are encrypted where they lie, under some prefixes. Whoever uses it sees plain values everywhere, and the very bytes it has put
 * in the watch's entry; the store behind it sees encrypted ones. Under other prefixes everything passes as it is.
 *
 * Whether a value is encrypted, and with which key, is written in the value. So plain values from earlier days are read as they are, values of
 * kinds that are not encrypted any more are still read, and the keys of an upstream server may have been at work. The next write makes
 * each as it should be; `rotate` (rotation.ts) makes all of them so.
 *
 * A value that no key opens comes as it lies, with the reason beside it: all others are read all the same, and it can be deleted.
 *
 * Servers that share a store share the key file. They learn of each other's new data keys by watching them.
 */

import {
  RevisionChanged,
  StoreUnavailable,
  type Change,
  type Entry,
  type Listing,
  type ListOptions,
  type PutOptions,
  type Store,
} from "../store.ts";
import { DATA_KEYS, DataKeys } from "./data-keys.ts";
import type { ForeignKey } from "./foreign-keys.ts";
import type { KeyFile, MasterKey } from "./key-file.ts";
import { isSealed, openAesGcm, parseSealed, seal, type SealedValue } from "./sealed-value.ts";

/** The store is well, and no key opens a value that it has. */
class Unopened extends StoreUnavailable {}

export interface EncryptionOptions {
  /** Belongs to the encrypted one from then on, which closes it. */
  readonly store: Store;
  readonly keyFile: KeyFile;
  /** What keys begin with whose values are encrypted. */
  readonly prefixes: readonly string[];
  readonly foreignKeys?: readonly ForeignKey[];
  /** Date of keys that are made. Default: now. */
  readonly now?: () => Date;
}

export class EncryptedStore implements Store {
  /** With values as they lie. */
  readonly raw: Store;
  readonly keyFile: KeyFile;
  readonly prefixes: readonly string[];
  readonly #foreignKeys: readonly ForeignKey[];
  readonly #now: () => Date;
  /** Made when the first thing is to be encrypted; none before. */
  #master: MasterKey | undefined;
  #keys = new DataKeys([]);
  /** What encrypted bytes are in plain, for as long as somebody holds them: nothing that was written here is decrypted again. */
  readonly #plain = new WeakMap<Uint8Array, Uint8Array>();
  readonly #stop = new AbortController();
  #following: Promise<void> | undefined;

  /** Rejects with a sentence for the administrator when the key file is missing or another one; the store is closed then. */
  static async open(options: EncryptionOptions): Promise<EncryptedStore> {
    const store = new EncryptedStore(options);
    try {
      await store.#start();
      return store;
    } catch (err) {
      await store[Symbol.asyncDispose]();
      throw err;
    }
  }

  private constructor({
    store,
    keyFile,
    prefixes,
    foreignKeys = [],
    now = () => new Date(),
  }: EncryptionOptions) {
    this.raw = store;
    this.keyFile = keyFile;
    this.prefixes = prefixes;
    this.#foreignKeys = foreignKeys;
    this.#now = now;
  }

  get isShared(): boolean {
    return this.raw.isShared;
  }

  get revision(): number {
    return this.raw.revision;
  }

  get compacted(): number {
    return this.raw.compacted;
  }

  get trouble(): string | undefined {
    return this.raw.trouble;
  }

  get bytes(): number | undefined {
    return this.raw.bytes;
  }

  latest(): number | Promise<number> {
    return this.raw.latest();
  }

  get keys(): DataKeys {
    return this.#keys;
  }

  /** Of the key file; undefined as long as nothing was ever encrypted. */
  get keyFileId(): string | undefined {
    return this.#master?.id;
  }

  encrypts(key: string): boolean {
    return this.prefixes.some((prefix) => key.startsWith(prefix));
  }

  async get(key: string, options?: { readonly revision?: number }): Promise<Entry | undefined> {
    const entry = await this.raw.get(key, options);
    return entry && (await this.#shown(entry));
  }

  async list(prefix: string, options?: ListOptions): Promise<Listing> {
    const listing = await this.raw.list(prefix, options);
    if (!listing.entries.some(({ value }) => isSealed(value))) return listing;
    const entries: Entry[] = [];
    for (const entry of listing.entries) entries.push(await this.#shown(entry));
    return { ...listing, entries };
  }

  put(key: string, value: Uint8Array, expected: number, options?: PutOptions): Promise<Entry> {
    const { newest } = this.#keys;
    if (!newest || !this.encrypts(key)) return this.#refusing(this.raw.put(key, value, expected, options));
    const sealed = seal(value, newest, key);
    this.#plain.set(sealed, value);
    const written = this.#refusing(this.raw.put(key, sealed, expected, options));
    return written.then((entry) => ({ ...entry, value }));
  }

  async delete(key: string, expected: number): Promise<Change> {
    const change = await this.#refusing(this.raw.delete(key, expected));
    return isSealed(change.entry.value) ? { ...change, entry: await this.#shown(change.entry) } : change;
  }

  async *watch(
    prefix: string,
    after: number,
    signal: AbortSignal,
  ): AsyncGenerator<readonly Change[], void, undefined> {
    for await (const batch of this.raw.watch(prefix, after, signal)) yield await this.#openedBatch(batch);
  }

  async *changes(prefix: string, after: number, upTo: number): AsyncGenerator<readonly Change[]> {
    for await (const batch of this.raw.changes(prefix, after, upTo)) yield await this.#openedBatch(batch);
  }

  compact(revision: number): Promise<void> {
    return this.raw.compact(revision);
  }

  stats(): Promise<{ readonly bytes: number; readonly entries: number; readonly history: number }> {
    return this.raw.stats();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.raw[Symbol.asyncDispose]();
    await this.#following;
  }

  /** The entry in plain. Throws StoreUnavailable with a sentence when no key opens it. */
  async opened(entry: Entry): Promise<Entry> {
    const { key, value, unreadable } = entry;
    if (unreadable) throw new Unopened(`Cannot read ${key} in the store: ${unreadable}`);
    if (!isSealed(value)) return entry;
    const known = this.#plain.get(value);
    if (known) return { ...entry, value: known };
    try {
      const sealed = parseSealed(value);
      if (!this.#openersOf(key, sealed).length) await this.#learn();
      return { ...entry, value: this.#open(key, sealed) };
    } catch (err) {
      if (err instanceof StoreUnavailable) throw err;
      throw new Unopened(`Cannot read ${key} in the store: ${(err as Error).message}`, { cause: err });
    }
  }

  /** The entry in plain, or as it lies and why. */
  async #shown(entry: Entry): Promise<Entry> {
    if (entry.unreadable) return entry;
    try {
      return await this.opened(entry);
    } catch (err) {
      if (!(err instanceof Unopened)) throw err;
      return { ...entry, unreadable: (err.cause as Error).message };
    }
  }

  /** Makes the set of keys another one; both are as `change` has made them when this resolves. Called again when another server was faster. */
  async changeKeys(change: (keys: DataKeys) => DataKeys): Promise<void> {
    for (;;) {
      const entry = await this.raw.get(DATA_KEYS);
      if (entry) this.#adopt(entry.value);
      this.#master ??= this.keyFile.read() ?? this.keyFile.create();
      const keys = change(this.#keys);
      if (await this.#store(keys, this.#master, entry)) return;
    }
  }

  /**
   * Encrypts the data keys with the key file's next key, which then takes the place of the one there is. Undefined when the store has none to
   * encrypt. A kill in between leaves keys that one of the files opens, and the next start puts that one in its place.
   */
  async changeMaster(): Promise<{ readonly id: string; readonly former: string } | undefined> {
    for (;;) {
      const entry = await this.raw.get(DATA_KEYS);
      if (!entry) return undefined;
      this.#adopt(entry.value);
      const former = this.#master!;
      const next = this.keyFile.next() ?? this.keyFile.createNext();
      if (!(await this.#store(this.#keys, next, entry))) continue;
      this.#master = next;
      this.keyFile.promote(next.id);
      return { id: next.id, former: former.id };
    }
  }

  /** False when another server was faster. */
  async #store(keys: DataKeys, master: MasterKey, entry: Entry | undefined): Promise<boolean> {
    try {
      await this.raw.put(DATA_KEYS, keys.stored(master), entry?.revision ?? 0);
      this.#keys = keys;
      return true;
    } catch (err) {
      if (err instanceof RevisionChanged) return false;
      throw err;
    }
  }

  async #start(): Promise<void> {
    const after = this.raw.revision;
    await this.#learn();
    if (this.prefixes.length && !this.#keys.newest)
      await this.changeKeys((keys) => (keys.newest ? keys : keys.withAnother(this.#now())));
    this.#following = this.#follow(after);
  }

  /** New keys of other servers. When the store breaks, everybody who uses it hears; nobody needs to hear it from here. */
  async #follow(after: number): Promise<void> {
    try {
      for await (const batch of this.raw.watch(DATA_KEYS, after, this.#stop.signal))
        for (const { type, entry } of batch) if (type === "put") this.#tryToAdopt(entry.value);
    } catch {
      // See above.
    }
  }

  /** A set for which the key file is not here yet: what it has encrypted asks for it again (`opened`). */
  #tryToAdopt(stored: Uint8Array): void {
    try {
      this.#adopt(stored);
    } catch {
      // See above.
    }
  }

  async #learn(): Promise<void> {
    const entry = await this.raw.get(DATA_KEYS);
    if (entry) this.#adopt(entry.value);
  }

  #adopt(stored: Uint8Array): void {
    const wanted = wantedBy(stored);
    const master = this.#master?.id === wanted ? this.#master : this.keyFile.find(wanted);
    if (!master) {
      const there = this.keyFile.read();
      throw new StoreUnavailable(
        `Cannot read what is encrypted in the store: wanted is the key file ${this.keyFile.path} with the id ${wanted}, and ` +
          `${there ? `the one there has the id ${there.id}` : "there is none"}. Put it there from a copy or from the ` +
          "machine that the store comes from; nothing was changed",
      );
    }
    try {
      this.#keys = DataKeys.read(stored, master);
    } catch (err) {
      throw keysDamaged(err);
    }
    this.#master = master;
    this.keyFile.promote(wanted);
  }

  #openersOf(storeKey: string, { provider, keyName }: SealedValue): Pick<ForeignKey, "open">[] {
    const own = provider === "aesgcm" ? this.#keys.named(keyName) : undefined;
    const foreign = this.#foreignKeys.filter(
      (key) => key.provider === provider && key.name === keyName && key.covers(storeKey),
    );
    return own ? [{ open: (body, place) => openAesGcm(body, own.secret, place) }, ...foreign] : foreign;
  }

  #open(storeKey: string, sealed: SealedValue): Uint8Array {
    const { provider, keyName, body } = sealed;
    const openers = this.#openersOf(storeKey, sealed);
    for (const { open } of openers) {
      try {
        return open(body, storeKey);
      } catch {
        // Another key of the same name may fit.
      }
    }
    if (provider === "kms")
      throw new Error(
        "a KMS plugin has encrypted it, and Knarr speaks to none. Let the API server that wrote it write it with another provider first",
      );
    throw new Error(
      openers.length
        ? `the key ${JSON.stringify(keyName)} (${provider}) does not open it: the key is another one, or the value is damaged or from another place`
        : `it is encrypted with the key ${JSON.stringify(keyName)} (${provider}), which is not known here. Name the EncryptionConfiguration that has it`,
    );
  }

  async #openedBatch(batch: readonly Change[]): Promise<readonly Change[]> {
    if (!batch.some(({ entry }) => isSealed(entry.value))) return batch;
    const changes: Change[] = [];
    for (const change of batch) changes.push({ ...change, entry: await this.#shown(change.entry) });
    return changes;
  }

  /** Who is refused is told in plain what is there instead. */
  #refusing<T>(write: Promise<T>): Promise<T> {
    return write.catch(async (err: unknown) => {
      if (!(err instanceof RevisionChanged) || !err.current || !isSealed(err.current.value)) throw err;
      throw new RevisionChanged(err.current.key, await this.#shown(err.current));
    });
  }
}

function wantedBy(stored: Uint8Array): string {
  try {
    return DataKeys.wants(stored);
  } catch (err) {
    throw keysDamaged(err);
  }
}

function keysDamaged(cause: unknown): StoreUnavailable {
  return new StoreUnavailable(
    `Cannot read what is encrypted in the store: its keys (${DATA_KEYS}) are damaged. Restore a backup`,
    { cause },
  );
}
