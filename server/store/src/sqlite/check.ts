/** Whether the file is what it should be: SQLite's own structures, and the rules of the log of revisions. */

import { execFile } from "node:child_process";
import type { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
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

/** What is wrong, in sentences, while whoever has it open goes on; its pages must not change meanwhile. */
export async function checkFile(path: string, signal: AbortSignal): Promise<string[]> {
  const program = new URL("./check-process.ts", import.meta.url).pathname;
  const { stdout } = await promisify(execFile)(process.execPath, [program, path], { signal });
  return JSON.parse(stdout) as string[];
}

/** The same, by a connection. Whoever writes by it waits. */
export function checkLog(database: DatabaseSync): string[] {
  defineSum(database);
  const structure = textsOf<{ integrity_check: string }>(database, {
    sql: `PRAGMA integrity_check(${SHOWN})`,
    text: ({ integrity_check }) => integrity_check,
  });
  const problems = structure.filter((text) => text !== "ok");
  for (const [rule, sql] of rules)
    problems.push(
      ...textsOf<{ revision: number; key: string }>(database, {
        sql: `${sql} LIMIT ${SHOWN}`,
        text: ({ revision, key }) => `Revision ${revision} of ${key} ${rule}`,
      }),
    );
  return [...new Set(problems)];
}

/** What SQLite finds, as far as it comes in a damaged file; then why it came no further. */
function textsOf<Row>(
  database: DatabaseSync,
  { sql, text }: { readonly sql: string; readonly text: (row: Row) => string },
): string[] {
  const texts: string[] = [];
  try {
    for (const row of database.prepare(sql).iterate()) texts.push(text(row as Row));
  } catch (err) {
    texts.push(`Cannot read all of it: ${(err as Error).message}`);
  }
  return texts;
}
