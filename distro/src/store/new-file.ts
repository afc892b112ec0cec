/** A file that a command is to make: nothing is ever overwritten. */

import { existsSync } from "node:fs";
import { dirname } from "node:path";

/** Throws a sentence for the administrator when the file is there, or its folder is not. */
export function assertNewFile(path: string): void {
  if (existsSync(path)) throw new Error(`Cannot write ${path}: it is there already. Choose another name`);
  const folder = dirname(path);
  if (!existsSync(folder)) throw new Error(`Cannot write ${path}: there is no folder ${folder}`);
}
