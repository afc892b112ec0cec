/**
 * The checksum that a row carries of all that it says. SQLite does not know when a disk gives back other bytes than it was given, as long as they look like a page;
 * by this every value that is read is the one that was written, or is told not to be.
 */

import type { DatabaseSync } from "node:sqlite";
import { crc32 } from "node:zlib";

/** The columns of a row but the last, `checksum`. */
export interface SummedRow {
  readonly revision: number;
  readonly key: string;
  readonly created: number;
  readonly previous: number;
  readonly deleted: number;
  readonly value: Uint8Array | null;
}

/** 32 bits with a sign, which SQLite stores in four bytes. */
export function sumOf({ revision, key, created, previous, deleted, value }: SummedRow): number {
  const head = crc32(`${revision} ${created} ${previous} ${deleted} ${key}`);
  return (value ? crc32(value, head) : head) | 0;
}

/** Makes it a function of SQL: `SUM_OF_ROW` is what each row of `log` should have in `checksum`. */
export function defineSum(database: DatabaseSync): void {
  database.function(
    "sum_of",
    { deterministic: true },
    (revision: any, key: any, created: any, previous: any, deleted: any, value: any) =>
      sumOf({ revision, key, created, previous, deleted, value }),
  );
}

export const SUM_OF_ROW = "sum_of(revision, key, created, previous, deleted, value)";
