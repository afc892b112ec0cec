/**
 * Lines to standard error. Where that is a file, a disk that hangs or is full holds up nobody: lines are written one after the other aside, what comes
 * while too many wait is lost, and so is what has no room. What a process is there for goes on, and it has nobody to tell.
 */

import { fstatSync, write, writeSync } from "node:fs";

const MAX_WAITING = 1000;
let waiting: string[] = [];
let isWriting = false;
let isFile: boolean | undefined;

export function toStandardError(line: string): void {
  isFile ??= findFile();
  if (!isFile) process.stderr.write(line);
  else if (waiting.length < MAX_WAITING) {
    waiting.push(line);
    if (!isWriting) writeAll();
  }
}

function writeAll(): void {
  const text = waiting.join("");
  waiting = [];
  isWriting = true;
  write(2, text, () => {
    isWriting = false;
    if (waiting.length > 0) writeAll();
  });
}

/** What is being written when the process exits, Node.js waits for; the rest is written then. */
function findFile(): boolean {
  if (!fstatSync(2).isFile()) return false;
  process.once("exit", () => {
    try {
      writeSync(2, waiting.join(""));
    } catch {
      // It has no room, and now there is nobody left.
    }
  });
  return true;
}
