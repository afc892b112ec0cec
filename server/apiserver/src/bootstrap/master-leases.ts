/**
 * Which servers serve the cluster now: each says so, again and again, by an entry of the shared store that ends by itself when it does not,
 * `/registry/masterleases/<address>`, as upstream's servers do. All of them are the endpoints of the Service `kubernetes`.
 *
 * Ours also say which keys they have, since clients go from one to the other: a server whose keys are others must not start to serve beside them.
 */

import type { Clock } from "@knarr/std/clock.ts";
import { RevisionChanged, type Entry, type Store } from "@knarr/store/store.ts";
import { MASTER_LEASES as PREFIX } from "../cache/store-keys.ts";

/** Upstream's: a server that is gone is no endpoint any more after so long. */
const SECONDS = 15;
const RENEW_MS = 10_000;
/** Annotation: this server's marks, as JSON. */
const MARKS = "knarr.internal/marks";

/** What must be the same at all servers, by what people call it: as long as it is, so is its mark. */
export type Marks = Readonly<Record<string, string>>;

export interface MasterLeasesOptions {
  readonly store: Store;
  readonly address: string;
  readonly marks: Marks;
  readonly clock: Clock;
  /** Told at every turn. */
  publish(addresses: readonly string[]): Promise<void>;
  onError(err: unknown): void;
}

/** Rejects with a sentence about the first server there is that this one must not serve beside. */
export async function assertNoStranger({
  store,
  address,
  marks,
}: Pick<MasterLeasesOptions, "store" | "address" | "marks">): Promise<void> {
  const { entries } = await store.list(PREFIX);
  for (const entry of entries) {
    const theirs = addressOf(entry) === address ? {} : marksOf(entry);
    const different = Object.keys(theirs).filter((name) => marks[name] !== theirs[name]);
    if (different.length === 0) continue;
    const what = `its ${different.join(" and its ")} ${different.length > 1 ? "are others" : "is another one"}`;
    throw new Error(
      `Cannot serve beside the server at ${addressOf(entry)}: ${what}, and clients of one would not be known to the other. ` +
        "Put its certificates and keys here first, or stop it",
    );
  }
}

/**
 * Runs until `signal` aborts, then takes its own entry away. The first turn is taken before it resolves: `running` goes on. Rejects when another
 * server is there whose marks are others.
 */
export async function keepMasterLease(
  options: MasterLeasesOptions,
  signal: AbortSignal,
): Promise<{ readonly running: Promise<void> }> {
  const { store, address } = options;
  await say(options);
  try {
    await assertNoStranger(options);
  } catch (err) {
    await remove(store, PREFIX + address);
    throw err;
  }
  await turn(options);
  return { running: renew(options, signal) };
}

async function renew(options: MasterLeasesOptions, signal: AbortSignal): Promise<void> {
  const { store, address, clock, onError } = options;
  while (!signal.aborted) {
    await clock.sleep(RENEW_MS, signal).catch(() => {}); // aborted: the loop ends
    if (!signal.aborted) await turn(options).catch(onError);
  }
  await remove(store, PREFIX + address).catch(() => {}); // it ends by itself, then
}

async function turn(options: MasterLeasesOptions): Promise<void> {
  await say(options);
  const { entries } = await options.store.list(PREFIX);
  await options.publish(entries.map(addressOf));
}

/** In upstream's form: Endpoints whose generation rises, so that no two are the same. */
async function say({ store, address, marks }: MasterLeasesOptions): Promise<void> {
  const key = PREFIX + address;
  const current = await store.get(key);
  const revision = current?.revision ?? 0;
  const lease = {
    kind: "Endpoints",
    apiVersion: "v1",
    metadata: { generation: revision + 1, annotations: { [MARKS]: JSON.stringify(marks) } },
    subsets: [{ addresses: [{ ip: address }] }],
  };
  try {
    await store.put(key, Buffer.from(JSON.stringify(lease)), revision, { seconds: SECONDS });
  } catch (err) {
    if (!(err instanceof RevisionChanged)) throw err; // it has ended just now: the next turn is soon
  }
}

/** None of a server of upstream's, which writes protobuf. */
function marksOf({ value }: Entry): Marks {
  if (value[0] !== 0x7b) return {};
  const { metadata } = JSON.parse(Buffer.from(value).toString());
  return JSON.parse(metadata?.annotations?.[MARKS] ?? "{}");
}

function addressOf({ key }: Entry): string {
  return key.slice(PREFIX.length);
}

async function remove(store: Store, key: string): Promise<void> {
  const current = await store.get(key);
  if (current) await store.delete(key, current.revision);
}
