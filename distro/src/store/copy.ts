/**
 * All that one store has, put into another one that has nothing: how a cluster moves from a file to etcd, and back.
 *
 * Values are copied as they lie, encrypted ones too, which are bound to their places and not to their store. What servers agree on among themselves is
 * left out: they do it anew. A copy that was ended before its time is marked as such; no server starts on it, and the next copy begins
 * it anew.
 *
 * Revisions are the new store's own. They go on after those of the old one, whose past is forgotten, so that whoever has seen one of those
 * lists again (410) rather than miss something. Of an etcd only writes raise the revision: beyond `MOST_RAISED` that is left, and told.
 */

import { existsSync } from "node:fs";
import { isAgreement, MASTER_LEASES, movedPrefixes, ROOT } from "@knarr/apiserver/cache/store-keys.ts";
import { event } from "@knarr/kinds/core/event.ts";
import { isShared, openStore } from "@knarr/store/drivers/drivers.ts";
import { goOnAfter } from "@knarr/store/sqlite/copies.ts";
import type { Store } from "@knarr/store/store.ts";
import { addressFile, datastoreAddress, datastoreFile, datastoreTls } from "../datastore.ts";
import type { Config } from "../options.ts";
import { assertStopped } from "./stopped.ts";
import { walk, type Found } from "./walk.ts";

/** Says of a store that not all is there yet. */
const HALF = `${ROOT}knarr.internal/copying/all`;
/** Written again and again to raise the revision. */
const RAISING = `${ROOT}knarr.internal/raising/`;
const MOST_RAISED = 1_000_000;
/** Writes under way at a time. */
const AT_ONCE = 128;

export interface Copied {
  readonly objects: number;
  /** Of the new store. */
  readonly revision: number;
  /** Of the old one, when that was too far ahead. */
  readonly ahead?: number;
}

/** Refused, with nothing changed, while anybody serves one of the two stores, and when the other one has something. */
export async function copyStore(config: Config, to: string): Promise<Copied> {
  const from = datastoreAddress(config);
  assertStopped(config, "copy");
  if (from === to) throw new Error(`Cannot copy the store to ${to}: that is where it is`);
  const [old, file] = [datastoreFile(config), addressFile(to)];
  if (file === undefined && !isShared(to))
    throw new Error(`Cannot copy the store to ${to}: it would be gone when the command has ended`);
  if (old !== undefined && !existsSync(old)) throw new Error(`Cannot copy the store ${old}: there is none`);
  await using source = await open(config, from);
  await assertUnserved(source, from);
  await assertWhole(source, from);
  const half = await begin(config, to);
  if (file !== undefined) goOnAfter(file, source.revision);
  await using target = await open(config, to);
  const objects = await copyAll(source, target);
  const isFarAhead = source.revision - target.revision > MOST_RAISED;
  if (!isFarAhead) await raise(target, source.revision);
  await target.delete(HALF, half);
  await target.compact(target.revision);
  return { objects, revision: target.revision, ...(isFarAhead && { ahead: source.revision }) };
}

/** Throws when the store is only half a copy. */
export async function assertWhole(store: Store, address: string): Promise<void> {
  if (await store.get(HALF))
    throw new Error(
      `Cannot use the store ${address}: it is a copy that was ended before its time. \`knarr store copy\` makes it again`,
    );
}

async function copyAll(source: Store, target: Store): Promise<number> {
  let objects = 0;
  for await (const page of walk(source)) {
    const wanted = page.filter(({ entry }) => !isAgreement(entry.key));
    await forEach(wanted, (found) => put(target, found));
    objects += wanted.length;
  }
  return objects;
}

async function open(config: Config, address: string): Promise<Store> {
  return openStore(address, { movedPrefixes: movedPrefixes(), ...datastoreTls(config) });
}

async function assertUnserved(store: Store, address: string): Promise<void> {
  const { entries } = await store.list(MASTER_LEASES);
  const servers = entries.map(({ key }) => key.slice(MASTER_LEASES.length)).join(", ");
  if (servers)
    throw new Error(
      `Cannot copy while ${address} is served (by ${servers}): stop that first. One that was killed counts for 15 seconds`,
    );
}

/** Marks the target; what half a copy has left there is taken away. Answers with the mark's revision. */
async function begin(config: Config, to: string): Promise<number> {
  await using target = await open(config, to);
  await assertUnserved(target, to);
  const mark = await target.get(HALF);
  if (mark) {
    for await (const page of walk(target))
      await forEach(page, async ({ entry: { key, revision } }) => {
        if (key !== HALF) await target.delete(key, revision);
      });
    return mark.revision;
  }
  const { entries } = await target.list(ROOT, { limit: 1, count: false });
  if (entries.length > 0)
    throw new Error(`Cannot copy the store to ${to}: a cluster is there already (${entries[0]!.key}, …)`);
  const object = { kind: "Copying", metadata: { name: "all" } };
  return (await target.put(HALF, Buffer.from(JSON.stringify(object)), 0)).revision;
}

/** Some at a time: they share their syncs. */
async function forEach(page: readonly Found[], work: (found: Found) => Promise<void>): Promise<void> {
  for (let i = 0; i < page.length; i += AT_ONCE) await Promise.all(page.slice(i, i + AT_ONCE).map(work));
}

async function put(target: Store, { entry: { key, value, unreadable }, kind }: Found): Promise<void> {
  if (unreadable) throw new Error(`Cannot copy ${key}: ${unreadable}. \`knarr store discard\` lets it go`);
  // How long Events have left nobody knows: they get their whole life again.
  const { lifetimeSeconds: seconds } = event;
  await target.put(key, value, 0, kind === event.plural && seconds ? { seconds } : {});
}

/** Writes until the target is beyond `revision`. */
async function raise(target: Store, revision: number): Promise<void> {
  const writer = async (name: string): Promise<void> => {
    let last = 0;
    while (target.revision <= revision) {
      last = (await target.put(RAISING + name, Buffer.from("{}"), last)).revision;
    }
    if (last > 0) await target.delete(RAISING + name, last);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => writer(String(i))));
}
