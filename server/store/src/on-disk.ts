/** Files that are on the disk when somebody is told so. */

import { closeSync, fsyncSync, openSync, renameSync } from "node:fs";
import { dirname } from "node:path";

/** Waits until a file's bytes, or a folder's names, are on the disk. */
export function sync(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** `half` is on the disk under the name `path`, or not there at all. */
export function putInPlace(half: string, path: string): void {
  sync(half);
  renameSync(half, path);
  sync(dirname(path));
}
