/**
 * Whether the write-ahead log lacks something that was acknowledged. SQLite goes on with what comes before a frame that is damaged, for after a loss of power
 * what comes behind is a commit that was not on the disk yet, and housekeeping, which does not wait for it.
 *
 * But before one commit of writes is begun, the one before is on the disk. So when good frames behind the damaged one have two of them, the disk had
 * it, and has it no more.
 */

import { existsSync } from "node:fs";
import { PageFile } from "./page-file.ts";
import { readTreePage } from "./record.ts";
import { rowOf } from "./survey.ts";

/** Nobody may have the file open. */
export function lacksAcknowledged(path: string): boolean {
  if (!existsSync(`${path}-wal`)) return false;
  using file = new PageFile(path);
  if (!file.log?.isDamaged) return false;
  if (file.log.isHeaderDamaged) return true; // it is on the disk before anything else is written
  const hasSums = (file.header?.format ?? Infinity) >= 3;
  let [last, lastInCommit, commitsBehind] = [0, 0, 0];
  for (const { number, page, isCommit, isBehind } of file.log.history()) {
    const tree = readTreePage(file, number, page);
    for (const cell of tree?.isTable ? tree.cells : [])
      if (rowOf(cell, hasSums)) lastInCommit = Math.max(lastInCommit, cell.rowid);
    if (!isCommit) continue;
    if (isBehind && lastInCommit > last) commitsBehind++;
    last = Math.max(last, lastInCommit);
  }
  return commitsBehind > 1;
}
