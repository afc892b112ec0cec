/**
 * Lines to standard error. Where that is a file, a disk that hangs or is full holds up nobody: lines are written one after the other aside, what comes
 * while too many wait is lost, and so is what has no room. What a process is there for goes on, and it has nobody to tell.
 */

import { fstatSync, write, writeSync } from "node:fs";

const MAX_WAITING = 1000;
let waiting: string[] = [];
let isWriting = false;
let isFile: boolean | undefined;
/** The file's length when what is being written is there. */
let lengthThen = 0;
/** So long a process that exits waits for that at most. */
const LAST_MS = 1000;

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
  lengthThen = fstatSync(2).size + Buffer.byteLength(text);
  write(2, text, () => {
    isWriting = false;
    if (waiting.length > 0) writeAll();
  });
}

function findFile(): boolean {
  if (!fstatSync(2).isFile()) return false;
  process.once("exit", () => {
    try {
      if (!isWriting || isWrittenSoon()) writeSync(2, waiting.join(""));
    } catch {
      // It has no room, and now there is nobody left.
    }
  });
  return true;
}

/** The event loop does not turn any more, so only the file shows it. A disk that takes nothing takes the rest no more than this. */
function isWrittenSoon(): boolean {
  const moment = new Int32Array(new SharedArrayBuffer(4));
  const until = performance.now() + LAST_MS;
  while (fstatSync(2).size < lengthThen) {
    if (performance.now() > until) return false;
    Atomics.wait(moment, 0, 0, 1);
  }
  return true;
}
