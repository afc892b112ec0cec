/**
 * The file: how it is opened, what is in it, and what is said when it cannot be used.
 *
 * One table, the log of revisions, is the only truth; everything else can be told from it. A row is a write: `previous` is the revision
 * it took the place of (0: none), `created` the one that made the key, and a delete has no value. `checksum` is of all the others:
 *
 *     revision  key   created  previous  deleted  value
 *     1         /a    1        0         0        one
 *     2         /b    2        0         0        x
 *     3         /a    1        1         0        two
 *     4         /b    2        2         1        NULL
 *
 * Format 1 has other keys than format 2, and neither has checksums. Opening such a file makes it one of format 3, and keeps the file as it was beside it.
 *
 * The file is locked for as long as it is open, so a second process cannot write beside this one. Its format has a number, in
 * SQLite's `user_version`.
 */

import { chmodSync, closeSync, existsSync, mkdirSync, openSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { putInPlace } from "../on-disk.ts";
import { connect } from "./connect.ts";
import { defineSum, SUM_OF_ROW } from "./row-sum.ts";
import { lacksAcknowledged } from "./salvage/log-damage.ts";
import { MOST_BYTES } from "./write-ahead.ts";

const FORMAT = 3;
/** "KNRR" in SQLite's `application_id`: this file is a store of ours. */
const APPLICATION = 0x4b4e5252;

const SCHEMA = `
  CREATE TABLE log (
    revision INTEGER PRIMARY KEY,
    key      TEXT    NOT NULL,
    created  INTEGER NOT NULL,
    previous INTEGER NOT NULL,
    deleted  INTEGER NOT NULL,
    value    BLOB,
    checksum INTEGER NOT NULL
  );
  -- Holds all that finding a state needs, so that only values are fetched from the table.
  CREATE INDEX states ON log (key, revision, created, deleted);
  -- compacted: reads before this revision are refused. swept: the log has been cleaned up to this one.
  CREATE TABLE progress (compacted INTEGER NOT NULL, swept INTEGER NOT NULL);
  INSERT INTO progress VALUES (0, 0);
`;

/** What keys began with in format 1, each with what they begin with now. */
export type MovedPrefixes = readonly (readonly [before: string, now: string])[];

/** Throws an Error whose message is a sentence for the administrator. */
export function openDatabase(path: string, moved: MovedPrefixes): DatabaseSync {
  try {
    if (existsSync(path)) assertNothingLost(path);
    else create(path);
    chmodSync(path, 0o600);
    const database = connect(path);
    try {
      prepare(database);
      upgrade(database, path, moved);
      return database;
    } catch (err) {
      database.close();
      throw err;
    }
  } catch (err) {
    throw new Error(explain(err, `Cannot open the store ${path}`), { cause: err });
  }
}

/** SQLite's primary result code; 0 for errors of others. */
export function resultCode(err: unknown): number {
  return ((err as { errcode?: number }).errcode ?? 0) & 0xff;
}

const WAYS_OUT =
  "`knarr store salvage` brings what can be read into a new file, `knarr store restore` takes a backup";

/** What went wrong with the file, in a sentence, for SQLite's primary result codes that an administrator can do something about. */
export function explain(err: unknown, what: string): string {
  const { message } = err as Error;
  switch (resultCode(err)) {
    case 5: // SQLITE_BUSY
      return `${what}: another process has it open. Stop that one first, or use another data directory`;
    case 8: // SQLITE_READONLY
      return `${what}: it may not be written. Check who owns it and whether its disk is mounted read-only`;
    case 10: // SQLITE_IOERR
      return `${what}: the disk does not read or write (${message}). Check it, then start again`;
    case 11: // SQLITE_CORRUPT
      return `${what}: its content is damaged (${message}). ${WAYS_OUT}`;
    case 13: // SQLITE_FULL
      return `${what}: no space is left on its disk. Free some`;
    case 14: // SQLITE_CANTOPEN
      return `${what}: it cannot be opened (${message}). Check that the path exists and may be written`;
    case 26: // SQLITE_NOTADB
      return `${what}: it is not a SQLite database. If it was one, ${WAYS_OUT}`;
    default:
      return `${what}: ${message}`;
  }
}

/** SQLite would take an empty file for a new one, and leave out of a log what comes after damage. */
function assertNothingLost(path: string): void {
  if (statSync(path).size === 0)
    throw new Error(`it is empty, and never was. ${WAYS_OUT}; to begin anew, remove it`);
  if (lacksAcknowledged(path))
    throw new Error(`its log ${path}-wal is damaged, and lacks what was acknowledged. ${WAYS_OUT}`);
}

/** Whole, or not there at all. Only this user may read what is in the cluster, its Secrets among it; SQLite gives its other files the same mode. */
function create(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const half = `${path}.part`;
  for (const left of [half, `${path}-wal`]) rmSync(left, { force: true });
  closeSync(openSync(half, "wx", 0o600));
  createLog(half)[Symbol.dispose]();
  putInPlace(half, path);
}

/** A new file, which nobody else may see before it is closed. */
export function createLog(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec(`
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA auto_vacuum = INCREMENTAL;
    ${SCHEMA}
    PRAGMA application_id = ${APPLICATION};
    PRAGMA user_version = ${FORMAT};
  `);
  return database;
}

/** Opening a file that is there writes nothing to it: there may be no room. */
function prepare(database: DatabaseSync): void {
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = 0;
    PRAGMA journal_size_limit = ${MOST_BYTES};
    PRAGMA cache_size = -4096;
    PRAGMA temp_store = MEMORY;
  `);
  database.exec("BEGIN IMMEDIATE");
  assertUsable(database);
  database.exec("COMMIT");
  settle(database);
}

/**
 * Copies what a process that was killed has left in the write-ahead log to its place, and syncs. Where a sync failed before, the kernel shows pages
 * as written that the disk does not have: nothing may depend on those.
 */
function settle(database: DatabaseSync): void {
  try {
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch (err) {
    if (resultCode(err) !== 13) throw err; // SQLITE_FULL: what is there can be read all the same
  }
}

/** Throws for what is no store of ours, or one of a version to come. */
export function assertUsable(database: DatabaseSync): void {
  const { application_id: application } = database.prepare("PRAGMA application_id").get() as any;
  const { user_version: format } = database.prepare("PRAGMA user_version").get() as any;
  const problem = unusable({ application, format });
  if (problem) throw new Error(problem);
}

/** Why, by what a file's header says. */
export function unusable({
  application,
  format,
}: {
  readonly application: number;
  readonly format: number;
}): string | undefined {
  if (application !== APPLICATION)
    return "it is a database of something else. Give the store a file of its own";
  if (format > FORMAT)
    return `it has format ${format}, and this version knows formats up to ${FORMAT}. Run the newer version that wrote it`;
  return undefined;
}

/** All or nothing. Moving the copy back in place, and running the older version, undoes it. */
function upgrade(database: DatabaseSync, path: string, moved: MovedPrefixes): void {
  const { user_version: format } = database.prepare("PRAGMA user_version").get() as any;
  if (format === FORMAT) return;
  const copy = `${path}.format-${format}`;
  rmSync(copy, { force: true }); // half of one, when the power failed
  closeSync(openSync(copy, "wx", 0o600));
  database.prepare("VACUUM INTO ?").run(copy);
  database.exec("BEGIN IMMEDIATE");
  try {
    if (format < 2) moveKeys(database, moved);
    addChecksums(database);
    database.exec(`PRAGMA user_version = ${FORMAT}; COMMIT`);
  } finally {
    if (database.isTransaction) database.exec("ROLLBACK");
  }
}

export function moveKeys(database: DatabaseSync, moved: MovedPrefixes): void {
  const move = database.prepare(
    "UPDATE log SET key = ?2 || substr(key, length(?1) + 1) WHERE key >= ?1 AND key < ?1 || char(0x10ffff)",
  );
  for (const [before, now] of moved) move.run(before, now);
}

function addChecksums(database: DatabaseSync): void {
  defineSum(database);
  database.exec(
    `ALTER TABLE log ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0; UPDATE log SET checksum = ${SUM_OF_ROW}`,
  );
}
