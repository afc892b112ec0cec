/** How the file is opened. */

import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";

/** So long another process may take to let go of it. */
const PATIENCE_MS = 500;

/**
 * A connection that shares the file with others of this process, and with no other process. What they tell each other of the log is in memory: a file
 * for it (`-shm`) would be one more that meets a full disk, and there it ends the process (SIGBUS).
 */
export function connect(path: string): DatabaseSync {
  const url = pathToFileURL(path);
  url.searchParams.set("vfs", "unix-excl");
  return new DatabaseSync(url, { timeout: PATIENCE_MS });
}
