/**
 * The log of revisions in SQL: writes with their check, reads now and in the past, and the sweep that forgets.
 *
 * Runs in the worker thread and is synchronous throughout, so a transaction can be seen from beginning to end. The optimistic
 * check is one look-up in an index whose page the insert needs anyway (1 µs), inside the transaction: nothing to keep in step, nothing to roll back.
 */

import type { DatabaseSync } from "node:sqlite";
import type { Entry } from "../store.ts";
import { sumOf } from "./row-sum.ts";
import { entryOf, NOTHING, statements, type Content, type State } from "./statements.ts";

export interface Write {
  readonly key: string;
  /** Absent: delete. */
  readonly value: Uint8Array | undefined;
  readonly expected: number;
}

/** `revision` 0: refused, and `other` is what is there instead. For a delete `other` is what was deleted. */
export interface Written {
  readonly revision: number;
  readonly created: number;
  readonly other: Entry | undefined;
}

export interface LoggedChange {
  readonly isDelete: boolean;
  readonly entry: Entry;
}

export interface ListRange {
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
  readonly count: boolean;
}

/** Pages that may lie free in the file for the next writes: these, or a sixteenth of all. More are given back. */
const SPARE_PAGES = 16;
const SPARE_SHARE = 1 / 16;
/** Pages given back at once. */
const VACUUM_PAGES = 128;

export class RevisionLog {
  readonly #database: DatabaseSync;
  readonly #statements: ReturnType<typeof statements>;
  #revision: number;
  #compacted: number;
  #swept: number;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#statements = statements(database);
    const { compacted, swept } = database.prepare("SELECT compacted, swept FROM progress").get() as any;
    const { last } = database.prepare("SELECT max(revision) AS last FROM log").get() as any;
    // The newest row may have been a delete that is swept away.
    this.#revision = Math.max(last ?? 0, compacted);
    this.#compacted = compacted;
    this.#swept = swept;
  }

  get revision(): number {
    return this.#revision;
  }

  get compacted(): number {
    return this.#compacted;
  }

  /** All in one transaction, whose COMMIT is one sync. When it throws before the sync, nothing has happened; when the sync throws, nobody knows. */
  write(writes: readonly Write[]): Written[] {
    const before = this.#revision;
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const written = writes.map((write) => this.#write(write));
      this.#database.exec("COMMIT");
      return written;
    } catch (err) {
      this.#revision = before;
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw err;
    }
  }

  #write({ key, value, expected }: Write): Written {
    const [now = 0, created = 0, deleted = 1] = (this.#statements.current.get(key) ?? []) as number[];
    const live = deleted ? 0 : now;
    if (live !== expected || (live === 0 && value === undefined)) {
      return { revision: 0, created: 0, other: live ? this.#entry(key, live, created) : undefined };
    }
    const revision = ++this.#revision;
    const first = live ? created : revision;
    const other = value === undefined ? this.#entry(key, live, created) : undefined;
    const row = {
      revision,
      key,
      created: first,
      previous: live,
      deleted: value ? 0 : 1,
      value: value ?? null,
    };
    this.#statements.insert.run(revision, key, first, live, row.deleted, row.value, sumOf(row));
    return { revision, created: first, other };
  }

  get(key: string, revision: number): Entry | undefined {
    const [at, created, deleted] = (this.#statements.stateAt.get(key, revision) ?? []) as number[];
    return at === undefined || deleted ? undefined : this.#entry(key, at, created!);
  }

  /** Entries in key order, and how many more there are; without `count` only whether. */
  list(
    prefix: string,
    revision: number,
    { after = "", limit = -1, count }: ListRange,
  ): { entries: Entry[]; remaining: number } {
    const range = [after > prefix ? `${after}\0` : prefix, endOf(prefix), revision] as const;
    const rows = this.#statements.list.all(...range, limit < 0 ? -1 : limit + 1);
    const entries = (rows as unknown as [...State, ...Content][]).map(
      ([key, revision, created, ...content]) => entryOf([key, revision, created], content),
    );
    if (limit < 0 || rows.length <= limit) return { entries, remaining: 0 };
    const next = entries.pop()!;
    if (!count) return { entries, remaining: 1 };
    const [remaining] = this.#statements.count.get(next.key, endOf(prefix), revision) as unknown as [number];
    return { entries, remaining };
  }

  /** Changes after one revision up to another, oldest first, at most `limit`. */
  changes(prefix: string, after: number, upTo: number, limit: number): LoggedChange[] {
    const rows = this.#statements.changes.all(after, upTo, prefix, endOf(prefix), limit);
    return (rows as unknown as [revision: number, isDelete: number, ...State, ...Content][]).map(
      ([revision, isDelete, key, last, created, ...content]) => ({
        isDelete: isDelete === 1,
        entry: { ...entryOf([key, last, created], content), revision },
      }),
    );
  }

  /** Refuses reads before `revision` from now on; `sweep` does the work. */
  compact(revision: number): void {
    if (revision <= this.#compacted) return;
    this.#transaction(() => this.#statements.setCompacted.run(revision));
    this.#compacted = revision;
  }

  get isSwept(): boolean {
    return this.#swept >= this.#compacted;
  }

  /**
   * Looks at the next `steps` revisions of the compacted past and removes what they took the place of, and themselves where they are
   * deletes. A power cut may undo it, which does no harm, so it need not wait for the disk.
   */
  sweep(steps: number): void {
    const from = this.#swept;
    const rows = this.#statements.sweepable.all(from, this.#compacted, steps);
    const writes = rows as unknown as [revision: number, key: string, previous: number, deleted: number][];
    const upTo = writes.length < steps ? this.#compacted : writes.at(-1)![0];
    this.#transaction(() => {
      for (const [revision, key, previous, deleted] of writes) {
        if (previous > 0) this.#statements.remove.run(previous, key);
        if (deleted) this.#statements.remove.run(revision, key);
      }
      this.#statements.setSwept.run(upTo);
    });
    this.#swept = upTo;
  }

  /** Gives some free pages back to the file system. False when there is nothing to give. */
  shrink(): boolean {
    const free = this.#pragma("freelist_count");
    const spare = Math.max(SPARE_PAGES, Math.floor(this.#pragma("page_count") * SPARE_SHARE));
    if (free <= spare) return false;
    this.#transaction(() =>
      this.#database.exec(`PRAGMA incremental_vacuum(${Math.min(VACUUM_PAGES, free - spare)})`),
    );
    return true;
  }

  /** Writes the file anew: SQLite leaves the bytes of what was removed in free pages, and in the gaps of others. */
  scrub(): void {
    this.#database.exec("PRAGMA temp_store = FILE"); // the copy on the way has no room in memory
    try {
      this.#database.exec("VACUUM");
    } finally {
      this.#database.exec("PRAGMA temp_store = MEMORY");
    }
  }

  /** Writes to the disk, and changes nothing. */
  touch(): void {
    this.#database.exec("UPDATE progress SET swept = swept");
  }

  counts(): { entries: number; history: number } {
    const [entries] = this.#statements.count.get("", "\u{10ffff}", this.#revision) as unknown as [number];
    const { rows } = this.#database.prepare("SELECT count(*) AS rows FROM log").get() as any;
    return { entries, history: rows - entries };
  }

  #entry(key: string, revision: number, created: number): Entry {
    const content = this.#statements.content.get(revision) as unknown as Content | undefined;
    return entryOf([key, revision, created], content ?? NOTHING);
  }

  #pragma(name: string): number {
    return (this.#database.prepare(`PRAGMA ${name}`).get() as any)[name];
  }

  /** Housekeeping, whose COMMIT does not sync: on the disk with the next write. */
  #transaction(work: () => void): void {
    this.#database.exec("PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE");
    try {
      work();
      this.#database.exec("COMMIT");
    } finally {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      this.#database.exec("PRAGMA synchronous = FULL");
    }
  }
}

/** The first key after all with this prefix. */
function endOf(prefix: string): string {
  return `${prefix}\u{10ffff}`;
}
