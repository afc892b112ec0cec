/**
 * Brings the revision of an etcd that is to be moved to near that of the store, however long that takes, while Knarr runs: what is left for
 * `knarr store copy` is what was written since.
 */

import { goOnAfter, isShared } from "@knarr/store/drivers/drivers.ts";
import { datastoreTls } from "../datastore.ts";
import type { Config } from "../options.ts";
import { openUnserved } from "./open-unserved.ts";
import { operate } from "./operate.ts";

/** Answers with the revision that is reached. */
export async function raiseStore(
  config: Config,
  to: string,
  report: (progress: string) => void = () => {},
): Promise<number> {
  if (!isShared(to))
    throw new Error(
      `Cannot raise the revision of ${to}: only an etcd needs that, a file is copied to as it is`,
    );
  const { revision } = await operate(config, { operation: "storeStatus" });
  await (await openUnserved(config, to))[Symbol.asyncDispose]();
  await goOnAfter(to, revision, { ...datastoreTls(config), report: raised(revision, report) });
  return revision;
}

/** Says how far it is from a revision, and how long that will take. */
export function raised(to: number, report: (progress: string) => void): (revision: number) => void {
  let first: { readonly revision: number; readonly at: number } | undefined;
  return (revision) => {
    const now = performance.now();
    first ??= { revision, at: now };
    const rate = (revision - first.revision) / (now - first.at);
    const left = rate > 0 ? `, ${Math.ceil((to - revision) / rate / 60_000)} minutes left` : "";
    report(`at revision ${revision} of ${to}${left}`);
  };
}
