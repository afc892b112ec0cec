/** A new file with all that can be read in a damaged one, which takes its place. */

import { existsSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { DATA_KEYS } from "../../encryption/data-keys.ts";
import { putAside, REVISIONS_SKIPPED, type Replaced } from "../copies.ts";
import { createLog, explain, moveKeys, resultCode, unusable, type MovedPrefixes } from "../database.ts";
import { defineSum, SUM_OF_ROW, sumOf } from "../row-sum.ts";
import { PageFile } from "./page-file.ts";
import { readTreePage, type Cell } from "./record.ts";
import { surveyOf, type Survey } from "./survey.ts";

export interface SalvageOptions {
  readonly path: string;
  /** What the old file gets at the end of its name. */
  readonly stamp: string;
  readonly now: Date;
  readonly moved: MovedPrefixes;
}

/** What a salvage brings, and what it does not. */
export interface Examined extends Pick<Survey, "outdated" | "doubtful" | "unknownWrites" | "damagedPages"> {
  readonly objects: number;
  /** Keys of which nothing else is left. */
  readonly lost: readonly string[];
  readonly isLogDamaged: boolean;
  /** Revisions go on after it. */
  readonly revision: number;
}

export type Salvaged = Examined & Replaced;

/** Changes nothing. */
export function examine(path: string, now: Date): Examined {
  using file = openClosed(path);
  return examinedBy(surveyOf(file), file, now);
}

/**
 * What is lost, but for its key, is there as an object that cannot be read: left out, it would be taken for deleted, with all that it owned. Only the keys of
 * encryption are left out, without which no server starts: it makes others.
 *
 * Revisions go on where nobody has been, and their past begins there. Nothing has changed when it throws.
 */
export function salvage({ path, stamp, now, moved }: SalvageOptions): Salvaged {
  using file = openClosed(path);
  const half = `${path}.part`;
  try {
    const survey = surveyOf(file);
    if (survey.live.size + survey.lost.size === 0)
      throw new Error(
        `Cannot salvage ${path}: nothing in it can be read. \`knarr store restore\` takes a backup`,
      );
    const examined = examinedBy(survey, file, now);
    rmSync(half, { force: true });
    writeLog(half, { file, survey, revision: examined.revision, moved });
    return { ...examined, aside: putAside(half, path, stamp) };
  } finally {
    rmSync(half, { force: true });
  }
}

function examinedBy({ live, lost, revision, ...told }: Survey, { log }: PageFile, now: Date): Examined {
  const { outdated, doubtful, unknownWrites, damagedPages } = told;
  // Without what the last compaction was, nobody can tell how far revisions were: not further than a thousand writes a second since 1970.
  const last = unknownWrites === undefined ? Math.max(revision, now.getTime()) : revision;
  return {
    ...{ objects: live.size, outdated, doubtful, unknownWrites, damagedPages },
    lost: [...lost.values()].map(({ key }) => key),
    isLogDamaged: log?.isDamaged ?? false,
    revision: last + REVISIONS_SKIPPED,
  };
}

interface NewLog {
  readonly file: PageFile;
  readonly survey: Survey;
  readonly revision: number;
  readonly moved: MovedPrefixes;
}

function writeLog(path: string, { file, survey: { live, lost }, revision, moved }: NewLog): void {
  using database = createLog(path);
  database.exec("BEGIN");
  const insert = database.prepare("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)");
  let page: { number: number; cells: readonly Cell[] } = { number: 0, cells: [] };
  for (const at of [...live.keys()].sort((a, b) => a - b)) {
    const [number, cell] = live.get(at)!.place!;
    if (number !== page.number) page = { number, cells: readTreePage(file, number)!.cells };
    const [, ...columns] = page.cells[cell]!.record!;
    insert.run(at, ...columns.slice(0, 5), columns[5] ?? 0);
  }
  for (const [at, { key, created }] of lost) {
    if (key === DATA_KEYS) continue;
    const row = {
      revision: at,
      key,
      created,
      previous: created === at ? 0 : created,
      deleted: 0,
      value: null,
    };
    insert.run(at, key, created, row.previous, 0, null, sumOf(row));
  }
  const format = file.header?.format ?? Infinity;
  if (format < 2) moveKeys(database, moved);
  if (format < 3) {
    defineSum(database);
    database.exec(`UPDATE log SET checksum = ${SUM_OF_ROW}`);
  }
  database.prepare("UPDATE progress SET compacted = ?1, swept = ?1").run(revision);
  database.exec("COMMIT");
}

/** Throws when a process has it open, and for what is no store that this version knows. */
function openClosed(path: string): PageFile {
  if (!existsSync(path)) throw new Error(`Cannot salvage ${path}: there is no such file`);
  assertClosed(path);
  const file = new PageFile(path);
  const problem = file.header && unusable(file.header);
  if (!problem) return file;
  file[Symbol.dispose]();
  throw new Error(`Cannot salvage ${path}: ${problem}`);
}

/** Looks at the lock, and at nothing that may be damaged. */
function assertClosed(path: string): void {
  const made = ["-shm", "-wal"].map((part) => path + part).filter((file) => !existsSync(file));
  try {
    using database = new DatabaseSync(path, { readOnly: true });
    database.prepare("SELECT count(*) FROM sqlite_schema").get();
  } catch (err) {
    if (resultCode(err) !== 5) return;
    throw new Error(explain(err, `Cannot salvage ${path}`), { cause: err });
  }
  for (const file of made) rmSync(file, { force: true });
}
