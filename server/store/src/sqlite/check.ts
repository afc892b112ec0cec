/** Whether the file is what it should be: SQLite's own structures, and the rules of the log of revisions. */

import type { DatabaseSync } from "node:sqlite";
import { defineSum, SUM_OF_ROW } from "./row-sum.ts";

/** Findings of one kind that are told one by one. */
const SHOWN = 20;

/** Rules, each as a query for the rows that break it. */
const rules: readonly (readonly [rule: string, sql: string])[] = [
  [
    "names a revision it took the place of that is not there",
    `SELECT now.revision, now.key FROM log now
     WHERE now.previous > 0 AND now.revision > (SELECT swept FROM progress)
       AND NOT EXISTS (SELECT 1 FROM log WHERE log.revision = now.previous AND log.key = now.key)`,
  ],
  [
    "was made by another revision than it says",
    `SELECT revision, key FROM log WHERE NOT deleted AND (created > revision OR (previous = 0 AND created <> revision))`,
  ],
  ["has no value", "SELECT revision, key FROM log WHERE NOT deleted AND value IS NULL"],
  ["is not as it was written", `SELECT revision, key FROM log WHERE checksum <> ${SUM_OF_ROW}`],
];

/** What is wrong, in sentences. Writers wait meanwhile. */
export function checkLog(database: DatabaseSync): string[] {
  defineSum(database);
  const found = database.prepare(`PRAGMA integrity_check(${SHOWN})`).all() as { integrity_check: string }[];
  const problems = found.map(({ integrity_check }) => integrity_check).filter((text) => text !== "ok");
  for (const [rule, sql] of rules) problems.push(...broken(database, rule, sql));
  return problems;
}

function broken(database: DatabaseSync, rule: string, sql: string): string[] {
  try {
    const rows = database.prepare(`${sql} LIMIT ${SHOWN}`).all() as { revision: number; key: string }[];
    return rows.map(({ revision, key }) => `Revision ${revision} of ${key} ${rule}`);
  } catch (err) {
    return [`Cannot tell whether a revision ${rule}: ${(err as Error).message}`];
  }
}
