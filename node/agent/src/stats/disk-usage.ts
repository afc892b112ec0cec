/** How full file systems are, and how much lies in a folder or a file. */

import { lstat, opendir, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";

export interface FileSystemUsage {
  readonly availableBytes: number;
  readonly capacityBytes: number;
  readonly usedBytes: number;
  readonly inodesFree: number;
  readonly inodes: number;
  readonly inodesUsed: number;
}

export interface Occupied {
  readonly usedBytes: number;
  readonly inodesUsed: number;
}

/** Of the one that `path` lies on. */
export async function fileSystemUsage(path: string): Promise<FileSystemUsage> {
  const { bsize, blocks, bfree, bavail, files, ffree } = await statfs(path);
  return {
    availableBytes: bavail * bsize,
    capacityBytes: blocks * bsize,
    usedBytes: (blocks - bfree) * bsize,
    inodesFree: ffree,
    inodes: files,
    inodesUsed: files - ffree,
  };
}

/** Everything below `directory`, itself included; nothing for what is not there. Sizes on the disk, so that holes do not count. */
export async function occupied(directory: string): Promise<Occupied> {
  let [usedBytes, inodesUsed] = [0, 0];
  const count = async (path: string): Promise<void> => {
    const { blocks } = await lstat(path);
    usedBytes += blocks * 512;
    inodesUsed++;
  };
  const walk = async (path: string): Promise<void> => {
    await count(path);
    for await (const entry of await opendir(path)) {
      const below = join(path, entry.name);
      if (entry.isDirectory()) await walk(below);
      else if (entry.isFile()) await count(below);
      else inodesUsed++;
    }
  };
  await walk(directory).catch(unlessGone);
  return { usedBytes, inodesUsed };
}

/** A log and what was rotated out of it. */
export async function logsUsage(logPath: string): Promise<Occupied> {
  return logPath ? occupied(dirname(logPath)) : { usedBytes: 0, inodesUsed: 0 };
}

/** Files come and go while we walk. */
function unlessGone(err: NodeJS.ErrnoException): void {
  if (err.code !== "ENOENT") throw err;
}
