/**
 * What can still be told of the log of revisions in a damaged file.
 *
 * The table and its index say the same of every write, but for the value, which only the table has; so of most of what is lost in one the other still knows.
 * A row counts when its checksum is right, an entry of the index when its page is whole and in order:
 *
 *     /a  row 7                         comes as it is
 *     /b         index 4                is lost, and told
 *     /c  row 5, index 9                is lost as it was at 9: comes as it was at 5, and is told
 *     /d  row 3, index 6, a delete      is gone, as it should be
 *
 * A page of which nobody can tell whether it is in use may have been set free, with rows that are gone for long. Its rows need a proof: that the index names
 * them, or that no compaction has touched them, since every write has the revision after the one before, so that one of which nothing is left is noticed.
 * Without it they are not taken in the place of others, and are told where there is nothing else of their key: who deletes again loses less than who has nothing.
 */

import { sumOf } from "../row-sum.ts";
import type { PageFile } from "./page-file.ts";
import { pageUses, type PageUse } from "./page-use.ts";
import { readTreePage, type Cell, type TreePage, type Value } from "./record.ts";

/** A write, as the table or the index knows it. */
export interface Known {
  readonly key: string;
  readonly created: number;
  readonly isDelete: boolean;
  /** Of its row: the page, and which of its cells. */
  readonly place?: readonly [page: number, cell: number];
}

export interface Survey {
  /** What is live, by revision. All have places. */
  readonly live: ReadonlyMap<number, Known>;
  /** Keys of those that were written again later, which is lost. */
  readonly outdated: readonly string[];
  /** What is live and has no value any more, by revision. */
  readonly lost: ReadonlyMap<number, Known>;
  /** Writes since the last compaction of which nothing is left; undefined when nobody can tell. */
  readonly unknownWrites: number | undefined;
  /** Keys of those that may have been deleted before. */
  readonly doubtful: readonly string[];
  readonly damagedPages: number;
  /** The highest of which something is left. */
  readonly revision: number;
}

export function surveyOf(file: PageFile): Survey {
  const { rows, unproved, index, compacted, damagedPages } = new Findings(file);
  const isProved = ([revision, { key }]: readonly [number, Known]): boolean =>
    revision > (compacted ?? Infinity) || index.get(revision)?.key === key;
  for (const [revision, row] of unproved) if (isProved([revision, row])) rows.set(revision, row);
  const sure = new Set([...index.values(), ...rows.values()].map(({ key }) => key));
  for (const [revision, row] of unproved) if (!sure.has(row.key)) rows.set(revision, row);
  const known = new Map([...index, ...rows]);
  const [newest, newestRow] = [newestOf(known), newestOf(rows)];
  const doubtful: string[] = [];
  const live = new Map<number, Known>();
  const lost = new Map<number, Known>();
  const outdated: string[] = [];
  for (const [key, revision] of newest) {
    const state = known.get(revision)!;
    if (state.isDelete) continue;
    const at = newestRow.get(key);
    const row = at === undefined ? undefined : rows.get(at)!;
    if (!row || row.isDelete || row.created !== state.created) lost.set(revision, state);
    else {
      live.set(at!, row);
      if (!sure.has(key)) doubtful.push(key);
      if (at !== revision) outdated.push(key);
    }
  }
  const revision = Math.max(maxOf(known), compacted ?? 0);
  const unknownWrites =
    compacted === undefined
      ? undefined
      : revision -
        compacted -
        known
          .keys()
          .filter((at) => at > compacted)
          .toArray().length;
  return { live, outdated, lost, unknownWrites, doubtful, damagedPages, revision };
}

/** All there is on the pages, by revision. */
class Findings {
  readonly rows = new Map<number, Known>();
  /** Rows that may be gone. */
  readonly unproved = new Map<number, Known>();
  readonly index = new Map<number, Known>();
  compacted: number | undefined;
  damagedPages: number;
  readonly #file: PageFile;
  /** Before checksums rows had six columns. */
  readonly #hasSums: boolean;

  constructor(file: PageFile) {
    this.#file = file;
    this.#hasSums = (file.header?.format ?? Infinity) >= 3;
    const { useOf, damagedPages } = pageUses(file);
    this.damagedPages = damagedPages;
    for (let number = 1; number <= file.count; number++) {
      const use = useOf(number);
      if (use === "rest" || use === "free" || use === "map") continue;
      const page = readTreePage(file, number);
      const isWhole =
        page && (page.isTable ? this.#readTable(page, number, use) : this.#readIndex(page, use));
      if (!isWhole && use === "tree") this.damagedPages++;
    }
  }

  /** False when something in it is damaged. */
  #readTable({ cells }: TreePage, number: number, use: PageUse | undefined): boolean {
    const isProved = use !== undefined && !this.#file.log?.isDamaged;
    let isWhole = true;
    for (const [cell, found] of cells.entries()) {
      const row = rowOf(found, this.#hasSums);
      const progress = row ? undefined : progressOf(found);
      if (row?.isLost) {
        if (use) this.index.set(found.rowid, row);
      } else if (row)
        (isProved ? this.rows : this.unproved).set(found.rowid, { ...row, place: [number, cell] });
      else if (progress !== undefined && use) this.compacted = Math.max(this.compacted ?? 0, progress);
      else if (number !== 1) isWhole = false; // the first page has the schema
    }
    return isWhole;
  }

  #readIndex({ cells }: TreePage, use: PageUse | undefined): boolean {
    const entries = cells.map(({ record }) => entryOf(record));
    const isWhole = entries.every((entry, i) => entry && (i === 0 || isBefore(entries[i - 1]!, entry)));
    if (isWhole && use) for (const entry of entries) this.index.set(entry!.revision, entry!);
    return isWhole;
  }
}

/** `isLost`: an earlier salvage has left it, of what was lost but for the name. */
export function rowOf(
  { rowid: revision, record }: Cell,
  hasSums: boolean,
): (Known & { readonly isLost: boolean }) | undefined {
  if (record?.length !== (hasSums ? 7 : 6)) return undefined;
  const [alias, key, created, previous, deleted, value, checksum] = record;
  if (alias !== null || typeof key !== "string" || !isCount(created) || !isCount(previous)) return undefined;
  if (!(deleted === 0 || (deleted === 1 && value === null))) return undefined;
  if (!(value === null || value instanceof Uint8Array)) return undefined;
  if (hasSums && sumOf({ revision, key, created, previous, deleted, value }) !== checksum) return undefined;
  const isDelete = deleted === 1;
  return { key, created, isDelete, isLost: value === null && !isDelete };
}

/** What reads are refused before. */
function progressOf({ rowid, record }: Cell): number | undefined {
  if (rowid !== 1 || record?.length !== 2) return undefined;
  const [compacted, swept] = record;
  return isCount(compacted) && isCount(swept) && swept <= compacted ? compacted : undefined;
}

function entryOf(record: readonly Value[] | undefined): (Known & { readonly revision: number }) | undefined {
  if (record?.length !== 5) return undefined;
  const [key, revision, created, deleted, rowid] = record;
  if (
    rowid !== revision ||
    typeof key !== "string" ||
    !isCount(revision) ||
    !isCount(created) ||
    created > revision
  )
    return undefined;
  return deleted === 0 || deleted === 1 ? { key, revision, created, isDelete: deleted === 1 } : undefined;
}

/** As numbers they would be mistaken for others. */
function isCount(value: Value | undefined): value is number {
  return typeof value === "number" && value >= 0 && value < Number.MAX_SAFE_INTEGER / 2;
}

interface Place {
  readonly key: string;
  readonly revision: number;
}

function isBefore(one: Place, other: Place): boolean {
  const order = Buffer.compare(Buffer.from(one.key), Buffer.from(other.key));
  return order < 0 || (order === 0 && one.revision < other.revision);
}

function newestOf(known: ReadonlyMap<number, Known>): Map<string, number> {
  const newest = new Map<string, number>();
  for (const [revision, { key }] of known) if (revision > (newest.get(key) ?? 0)) newest.set(key, revision);
  return newest;
}

function maxOf(known: ReadonlyMap<number, Known>): number {
  let max = 0;
  for (const revision of known.keys()) max = Math.max(max, revision);
  return max;
}
