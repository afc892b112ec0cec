/**
 * What is encrypted with which key, and a new key for all of it.
 *
 * A rotation makes a key, writes every encrypted object anew with it, forgets the history (which older keys have encrypted) to its last
 * byte, and only then takes the older keys away. Every step may be the last one before a kill: as long as there are older keys the rotation is unfinished, everything
 * can be read, and the next rotation goes on with this one. Objects are written like by any writer, so watchers see the same object
 * under a new resourceVersion.
 *
 * The key file's own key is changed apart from that (`rotateKeyFile`): the data keys are encrypted anew, nothing else is written.
 *
 * Plain values of kinds that are to be encrypted, and encrypted ones of kinds that are not any more, become what they should be, too.
 */

import { RevisionChanged, type Entry } from "../store.ts";
import { DATA_KEYS } from "./data-keys.ts";
import type { EncryptedStore } from "./encrypted-store.ts";
import { isSealed, parseSealed } from "./sealed-value.ts";

const PAGE = 500;

export interface EncryptionStatus {
  readonly keyFile: {
    /** Of the one that the store wants: a former one for a store from before a change. */
    readonly path: string;
    readonly id: string | undefined;
    /** Waits to take its place: where. */
    readonly next: string | undefined;
    /** Where those are that had its place, kept for backups; the store itself wants none of them. */
    readonly former: readonly string[];
  };
  readonly prefixes: readonly string[];
  /** Our data keys, oldest first; the last one encrypts. */
  readonly keys: readonly { readonly name: string; readonly made: string; readonly objects: number }[];
  /** Encrypted by others, by `provider:name`. */
  readonly foreign: Readonly<Record<string, number>>;
  /** Not encrypted, and should be. */
  readonly plain: number;
  /** Encrypted, and need not be. */
  readonly tooMuch: number;
}

export async function encryptionStatus(store: EncryptedStore): Promise<EncryptionStatus> {
  const own = new Map(store.keys.keys.map(({ name }) => [name, 0]));
  const foreign = new Map<string, number>();
  let plain = 0;
  let tooMuch = 0;
  for await (const page of pages(store)) {
    for (const { key, value } of page) {
      if (!isSealed(value)) {
        if (store.encrypts(key)) plain++;
        continue;
      }
      if (!store.encrypts(key)) tooMuch++;
      const { provider, keyName } = parseSealed(value);
      if (provider === "aesgcm" && store.keys.named(keyName)) own.set(keyName, (own.get(keyName) ?? 0) + 1);
      else foreign.set(`${provider}:${keyName}`, (foreign.get(`${provider}:${keyName}`) ?? 0) + 1);
    }
  }
  return {
    keyFile: {
      path: (store.keyFileId && store.keyFile.pathOf(store.keyFileId)) ?? store.keyFile.path,
      id: store.keyFileId,
      next: store.keyFile.next() && store.keyFile.nextPath,
      former: store.keyFile
        .formerIds()
        .flatMap((id) => (id === store.keyFileId ? [] : (store.keyFile.pathOf(id) ?? []))),
    },
    prefixes: store.prefixes,
    keys: store.keys.keys.map(({ name, made }) => ({ name, made, objects: own.get(name) ?? 0 })),
    foreign: Object.fromEntries(foreign),
    plain,
    tooMuch,
  };
}

export interface Rotated {
  /** What is encrypted now is so with this one; undefined when nothing is to be. */
  readonly key: string | undefined;
  readonly written: number;
  readonly retired: readonly string[];
}

/** One at a time. `report` hears how many objects are written so far. */
export function rotate(
  store: EncryptedStore,
  report: (written: number) => void = () => {},
): Promise<Rotated> {
  return alone(store, async () => {
    const isUnfinished = store.keys.keys.length > 1;
    if (!isUnfinished && store.prefixes.length)
      await store.changeKeys((keys) => keys.withAnother(new Date()));
    const written = await rewriteAll(store, report);
    await forgetPast(store);
    const key = store.prefixes.length ? store.keys.newest?.name : undefined;
    const retired = store.keys.keys.slice(0, -1).map(({ name }) => name);
    if (retired.length) await store.changeKeys((keys) => keys.newestOnly());
    return { key, written, retired };
  });
}

export interface KeyFileRotated {
  readonly path: string;
  /** Of the key that has the place now, and of the one that had it; undefined when other servers must have the next one first. */
  readonly changed: { readonly id: string; readonly former: string } | undefined;
}

/**
 * Another key for the key file. Where servers share the store, the first call only makes it (`secrets.key.next`): each must have it before the
 * second call uses it, and gives it the place by itself then. The history goes, which has the data keys as the former key has encrypted them.
 */
export function rotateKeyFile(store: EncryptedStore): Promise<KeyFileRotated> {
  return alone(store, async () => {
    const { keyFile } = store;
    if (store.keyFileId === undefined)
      throw new Error("Cannot rotate the key file: there is none, as nothing was ever encrypted");
    if (store.isShared && !keyFile.next()) {
      keyFile.createNext();
      return { path: keyFile.nextPath, changed: undefined };
    }
    const changed = await store.changeMaster();
    await forgetPast(store);
    return { path: keyFile.path, changed };
  });
}

/** What was written until now and is not there any more; also the bytes of it that a file still has. */
async function forgetPast(store: EncryptedStore): Promise<void> {
  await store.compact(store.revision);
  await store.raw.scrub?.();
}

async function alone<T>(store: EncryptedStore, work: () => Promise<T>): Promise<T> {
  if (rotating.has(store)) throw new Error("Cannot rotate the keys: a rotation is under way");
  rotating.add(store);
  try {
    return await work();
  } finally {
    rotating.delete(store);
  }
}
const rotating = new WeakSet<EncryptedStore>();

/** Until a whole pass has found nothing to do: another server may have written with an older key in the meantime. */
async function rewriteAll(store: EncryptedStore, report: (written: number) => void): Promise<number> {
  let written = 0;
  for (let before = -1; before < written;) {
    before = written;
    for await (const page of pages(store)) {
      const due = page.filter((entry) => isDue(store, entry));
      if (due.length === 0) continue;
      await Promise.all(due.map((entry) => rewrite(store, entry)));
      report((written += due.length));
    }
  }
  return written;
}

/** When somebody else writes it meanwhile, that may have made it what it should be. */
async function rewrite(store: EncryptedStore, entry: Entry): Promise<void> {
  for (let current: Entry | undefined = entry; current && isDue(store, current);) {
    const { key, value, revision } = await store.opened(current);
    try {
      await store.put(key, value, revision);
      return;
    } catch (err) {
      if (!(err instanceof RevisionChanged)) throw err;
      current = await store.raw.get(key);
    }
  }
}

function isDue(store: EncryptedStore, { key, value }: Entry): boolean {
  if (!store.encrypts(key)) return isSealed(value);
  if (!isSealed(value)) return true;
  const { provider, keyName } = parseSealed(value);
  return provider !== "aesgcm" || keyName !== store.keys.newest?.name;
}

/** All there is, as it lies, some at a time. What is written meanwhile may come or not. */
async function* pages({ raw }: EncryptedStore): AsyncGenerator<readonly Entry[]> {
  for (let after: string | undefined, remaining = 1; remaining > 0;) {
    const page = await raw.list("/registry/", { limit: PAGE, count: false, ...(after && { after }) });
    yield page.entries.filter(({ key }) => key !== DATA_KEYS);
    after = page.entries.at(-1)?.key;
    remaining = page.remaining;
  }
}
