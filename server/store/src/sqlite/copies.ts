/** Copies of the file: one made while it is in use, and one that takes its place. */

import {
  closeSync,
  copyFileSync,
  existsSync,
  fdatasync,
  openSync,
  renameSync,
  rmSync,
  chmodSync,
} from "node:fs";
import { backup, DatabaseSync } from "node:sqlite";
import { DATA_KEYS, DataKeys } from "../encryption/data-keys.ts";
import { putInPlace } from "../on-disk.ts";
import { assertUsable, explain } from "./database.ts";

/** Pages copied between two writes. */
const RATE = 512;

/**
 * A copy of one moment, as one file that is whole when it has its name. Writers go on meanwhile: what they write to the database, SQLite
 * writes to the copy as well.
 */
export async function backUp(database: DatabaseSync, path: string): Promise<void> {
  const half = `${path}.part`;
  rmSync(half, { force: true });
  const file = openSync(half, "wx", 0o600);
  try {
    await copyPages(database, half, syncingBehind(file));
    const copy = new DatabaseSync(half);
    copy.exec("PRAGMA journal_mode = DELETE"); // no log beside it
    copy.close();
    putInPlace(half, path);
  } finally {
    closeSync(file);
    rmSync(half, { force: true });
  }
}

/** Begins again when a write was under way as it began: Node.js takes that for a failure, and says of it that it is none. */
async function copyPages(database: DatabaseSync, path: string, progress: () => void): Promise<void> {
  for (;;)
    try {
      await backup(database, path, { rate: RATE, progress });
      return;
    } catch (err) {
      if ((err as { errcode?: number }).errcode !== 0) throw err;
    }
}

/** Syncs what has been copied by now, so that the end of the copy, during which nobody writes, has little to wait for. */
function syncingBehind(file: number): () => void {
  let isSyncing = false;
  return () => {
    if (isSyncing) return;
    isSyncing = true;
    fdatasync(file, () => (isSyncing = false)); // an error is met again at the end
  };
}

/**
 * By so much revisions go on after a restore. What was written after the backup is gone, but clients have seen its revisions: none of those may
 * come again, and who asks for one must hear that it is gone (410) and list anew.
 */
export const REVISIONS_SKIPPED = 1_000_000_000;

export interface Replaced {
  /** Revisions go on after it. */
  readonly revision: number;
  /** Where the old file is now; undefined when there was none. */
  readonly aside: string | undefined;
}

export interface RestoreOptions {
  readonly from: string;
  readonly to: string;
  /** None that clients may have seen of the store that is there is higher. */
  readonly revision: number;
  /** What the old file gets at the end of its name. */
  readonly stamp: string;
  /** Throws when the key file that the backup wants, by its id, is not there. */
  readonly checkKeyFile: (wanted: string) => void;
}

/** Nothing has changed when it throws. Nobody may have the file open. */
export function restore({ from, to, revision, stamp, checkKeyFile }: RestoreOptions): Replaced {
  const half = `${to}.part`;
  try {
    // A file that was no backup, but the store of a server that was killed, has its last writes in the log beside it.
    for (const part of ["-wal", ""]) if (existsSync(from + part)) copyFileSync(from + part, half + part);
    chmodSync(half, 0o600);
    const restored = prepareCopy(half, { from, revision, checkKeyFile });
    return { revision: restored, aside: putAside(half, to, stamp) };
  } finally {
    for (const part of ["", "-wal", "-shm"]) rmSync(half + part, { force: true });
  }
}

/** `half` takes the place of `path`. Returns where what was there is now. */
export function putAside(half: string, path: string, stamp: string): string | undefined {
  const aside = existsSync(path) ? `${path}.${stamp}` : undefined;
  if (aside)
    for (const part of ["-shm", "-wal", ""])
      if (existsSync(path + part)) renameSync(path + part, aside + part);
  putInPlace(half, path);
  return aside;
}

/** Checks the copy, and makes its revisions go on where nobody has been. Returns the last one. */
function prepareCopy(
  half: string,
  { from, revision, checkKeyFile }: Pick<RestoreOptions, "from" | "revision" | "checkKeyFile">,
): number {
  try {
    using copy = new DatabaseSync(half);
    assertUsable(copy);
    const [problem] = copy.prepare("PRAGMA integrity_check(1)").all() as { integrity_check: string }[];
    if (problem!.integrity_check !== "ok")
      throw new Error(`its content is damaged (${problem!.integrity_check})`);
    const keys = copy
      .prepare("SELECT value FROM log WHERE key = ? ORDER BY revision DESC LIMIT 1")
      .get(DATA_KEYS) as any;
    if (keys) checkKeyFile(DataKeys.wants(keys.value));
    const { last } = copy
      .prepare("SELECT max(coalesce(max(revision), 0), (SELECT compacted FROM progress)) AS last FROM log")
      .get() as any;
    const next = Math.max(last, revision) + REVISIONS_SKIPPED;
    copy.exec("PRAGMA journal_mode = DELETE");
    copy.prepare("UPDATE progress SET compacted = ?").run(next);
    return next;
  } catch (err) {
    throw new Error(explain(err, `Cannot restore ${from}`), { cause: err });
  }
}

/** Makes the revisions of a file go on after `revision`, and its past begin there. Nobody may have it open. */
export function goOnAfter(path: string, revision: number): void {
  using database = new DatabaseSync(path);
  database.prepare("UPDATE progress SET compacted = max(compacted, ?)").run(revision);
}
