/** The SQL of the log of revisions, and what its rows say. */

import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Entry } from "../store.ts";
import { sumOf } from "./row-sum.ts";

/** What the index says of a live entry. */
export type State = [key: string, revision: number, created: number];
/** What its row in the table has beside that. */
export type Content = [previous: number, value: Uint8Array | null, checksum: number];
/** There is no such row, which only damage does. */
export const NOTHING: Content = [0, null, 0];

/** The table and the index must agree: the sum is of what both say. */
export function entryOf([key, revision, created]: State, [previous, value, checksum]: Content): Entry {
  if (!value) return { key, value: new Uint8Array(), revision, created, unreadable: "its value is lost" };
  if (sumOf({ revision, key, created, previous, deleted: 0, value }) === checksum)
    return { key, value, revision, created };
  return { key, value, revision, created, unreadable: "its bytes are not those that were written" };
}

export function statements(database: DatabaseSync) {
  const prepare = (sql: string): StatementSync => {
    const statement = database.prepare(sql);
    statement.setReturnArrays(true);
    return statement;
  };
  /** Of each key in a range the last state up to a revision: max() makes SQLite take the other columns from the same row. */
  const states = `SELECT max(revision) AS revision, key, created, deleted FROM log INDEXED BY states
    WHERE key >= ?1 AND key < ?2 AND revision <= ?3 GROUP BY key HAVING NOT deleted`;
  return {
    current: prepare(
      "SELECT revision, created, deleted FROM log WHERE key = ? ORDER BY revision DESC LIMIT 1",
    ),
    insert: prepare("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)"),
    content: prepare("SELECT previous, value, checksum FROM log WHERE revision = ?"),
    stateAt: prepare(
      "SELECT revision, created, deleted FROM log WHERE key = ? AND revision <= ? ORDER BY revision DESC LIMIT 1",
    ),
    list: prepare(
      `SELECT state.key, state.revision, state.created, log.previous, log.value, log.checksum
       FROM (${states} ORDER BY key LIMIT ?4) state LEFT JOIN log ON log.revision = state.revision
       ORDER BY state.key`,
    ),
    count: prepare(`SELECT count(*) FROM (${states})`),
    changes: prepare(
      `SELECT now.revision, now.deleted, now.key, last.revision, now.created, last.previous, last.value, last.checksum
       FROM log now LEFT JOIN log last ON last.revision = iif(now.deleted, now.previous, now.revision)
       WHERE now.revision > ? AND now.revision <= ? AND now.key >= ? AND now.key < ?
       ORDER BY now.revision LIMIT ?`,
    ),
    sweepable: prepare(
      "SELECT revision, key, previous, deleted FROM log WHERE revision > ? AND revision <= ? ORDER BY revision LIMIT ?",
    ),
    remove: prepare("DELETE FROM log WHERE revision = ? AND key = ?"),
    setCompacted: prepare("UPDATE progress SET compacted = ?"),
    setSwept: prepare("UPDATE progress SET swept = ?"),
  };
}
