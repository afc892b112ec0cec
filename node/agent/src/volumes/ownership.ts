/**
 * `fsGroup`: everything in a volume belongs to the group, which may read and write it, and new files inherit it (setgid).
 * Read-only volumes get the right to read only. Links are given to the group but never followed.
 */

import { chmod, lchown, lstat, readdir, stat } from "node:fs/promises";
import { join } from "node:path";

export interface GroupOwnership {
  readonly fsGroup: number;
  readonly readOnly: boolean;
  /** `OnRootMismatch` trusts the volume's root: if that is right, nothing is visited. */
  readonly changePolicy?: string;
}

/** Gives a directory and what is in it to the group, the root last, so that an interrupted run is seen as not done. */
export async function giveToGroup(directory: string, ownership: GroupOwnership): Promise<void> {
  if (ownership.changePolicy === "OnRootMismatch" && (await isRootRight(directory, ownership))) return;
  await give(directory, ownership);
}

async function give(path: string, ownership: GroupOwnership): Promise<void> {
  const found = await lstat(path);
  if (found.isDirectory()) for (const name of await readdir(path)) await give(join(path, name), ownership);
  await lchown(path, -1, ownership.fsGroup);
  if (found.isSymbolicLink()) return;
  await chmod(path, (found.mode & 0o7777) | wantedBits(ownership, found.isDirectory()));
}

async function isRootRight(directory: string, ownership: GroupOwnership): Promise<boolean> {
  const root = await stat(directory);
  if (root.gid !== ownership.fsGroup || !root.isDirectory()) return false;
  const wanted = wantedBits(ownership, true);
  return (root.mode & wanted) === wanted;
}

function wantedBits({ readOnly }: GroupOwnership, isDirectory: boolean): number {
  return (readOnly ? 0o440 : 0o660) | (isDirectory ? 0o2110 : 0);
}
