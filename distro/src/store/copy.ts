/**
 * All that one store has, put into another one that has nothing: how a cluster moves from a file to etcd, and back.
 *
 * Values are copied as they lie, encrypted ones too, which are bound to their places and not to their store. What servers agree on among themselves is
 * left out: they do it anew. A copy that was ended before its time is marked as such; no server starts on it, and the next copy begins
 * it anew.
 *
 * Revisions are the new store's own. They go on after those of the old one, whose past is forgotten, so that whoever has seen one of those
 * lists again (410) rather than miss something. An etcd takes its time to get there: one that is too far behind is raised before (`raise.ts`).
 */

import { existsSync } from "node:fs";
import { isAgreement, ROOT } from "@knarr/apiserver/cache/store-keys.ts";
import { event } from "@knarr/kinds/core/event.ts";
import { goOnAfter, isShared } from "@knarr/store/drivers/drivers.ts";
import type { Store } from "@knarr/store/store.ts";
import { addressFile, datastoreAddress, datastoreFile, datastoreTls } from "../datastore.ts";
import type { Config } from "../options.ts";
import { openUnserved } from "./open-unserved.ts";
import { raised } from "./raise.ts";
import { assertStopped } from "./stopped.ts";
import { walk, type Found } from "./walk.ts";

/** Says of a store that not all is there yet. */
const HALF = `${ROOT}knarr.internal/copying/all`;
/** Some ten to thirty minutes: so long a cluster may stand still for it. */
const MOST_RAISED = 5_000_000;
/** Writes under way at a time. */
const AT_ONCE = 128;

export interface Copied {
  readonly objects: number;
  /** Of the new store. */
  readonly revision: number;
}

/** Refused, with nothing changed, while anybody serves one of the two stores, and when the other one has something. */
export async function copyStore(
  config: Config,
  to: string,
  report: (progress: string) => void = () => {},
): Promise<Copied> {
  const from = datastoreAddress(config);
  assertStopped(config, "copy");
  if (from === to) throw new Error(`Cannot copy the store to ${to}: that is where it is`);
  const [old, file] = [datastoreFile(config), addressFile(to)];
  if (file === undefined && !isShared(to))
    throw new Error(`Cannot copy the store to ${to}: it would be gone when the command has ended`);
  if (old !== undefined && !existsSync(old)) throw new Error(`Cannot copy the store ${old}: there is none`);
  await using source = await openUnserved(config, from);
  await assertWhole(source, from);
  const half = await begin(config, to, source.revision);
  await goOnAfter(to, source.revision, { ...datastoreTls(config), report: raised(source.revision, report) });
  await using target = await openUnserved(config, to);
  const objects = await copyAll(source, target, report);
  await target.delete(HALF, half);
  await target.compact(target.revision);
  return { objects, revision: target.revision };
}

/** Throws when the store is only half a copy. */
export async function assertWhole(store: Store, address: string): Promise<void> {
  if (await store.get(HALF))
    throw new Error(
      `Cannot use the store ${address}: it is a copy that was ended before its time. \`knarr store copy\` makes it again`,
    );
}

async function copyAll(source: Store, target: Store, report: (progress: string) => void): Promise<number> {
  let objects = 0;
  for await (const page of walk(source)) {
    const wanted = page.filter(({ entry }) => !isAgreement(entry.key));
    await forEach(wanted, (found) => put(target, found));
    objects += wanted.length;
    report(`${objects} objects`);
  }
  return objects;
}

/** Marks the target; what half a copy has left there is taken away. Answers with the mark's revision. */
async function begin(config: Config, to: string, revision: number): Promise<number> {
  await using target = await openUnserved(config, to);
  if (target.isShared) assertNear(to, revision - target.revision);
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

function assertNear(to: string, behind: number): void {
  if (behind > MOST_RAISED)
    throw new Error(
      `Cannot copy the store to ${to}: it is ${behind} revisions behind, and clients must never see one twice. ` +
        `\`knarr store raise ${to}\` brings it near, as long as that takes, while Knarr runs. An etcd 3.6 that is empty gets there at once ` +
        `when it is started on what \`etcdutl snapshot restore SNAPSHOT --bump-revision ${behind} --mark-compacted --data-dir FOLDER\` makes of its snapshot`,
    );
}
