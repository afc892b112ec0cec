/**
 * Keeps containers' logs from filling the disk: a log beyond its size is renamed with the time, the runtime goes on in a new one, what was
 * renamed before is compressed, and the oldest go. Names are upstream's: `0.log`, `0.log.20260528-191522`, `0.log.20260528-191522.gz`.
 */

import { createReadStream, createWriteStream } from "node:fs";
import { readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";

export interface LogLimits {
  readonly maxBytes: number;
  /** With the one that is written to. */
  readonly maxFiles: number;
}

export const defaultLogLimits: LogLimits = { maxBytes: 10 << 20, maxFiles: 5 };

export interface LogFile {
  readonly path: string;
  /** Tells the runtime to write to a new file of the same name. */
  reopen(): Promise<void>;
}

/** True when the log was rotated. */
export async function rotateLog(log: LogFile, limits: LogLimits, now: number): Promise<boolean> {
  const size = await sizeOf(log.path);
  if (size === undefined || size < limits.maxBytes) return false;
  await cleanRotated(log.path, limits);
  await compressRotated(log.path);
  const renamed = `${log.path}.${stamp(now)}`;
  await rename(log.path, renamed);
  try {
    await log.reopen();
  } catch (err) {
    await rename(renamed, log.path); // nothing may be lost: it is tried again later
    throw err;
  }
  return true;
}

/** All files of a log, gone. */
export async function removeLog(path: string): Promise<void> {
  for (const file of await rotatedOf(path)) await rm(file, { force: true });
  await rm(path, { force: true });
}

/** Room for one more: keeps `maxFiles - 2` of the renamed ones, and no half-made files. */
async function cleanRotated(path: string, { maxFiles }: LogLimits): Promise<void> {
  const files = await rotatedOf(path);
  for (const file of files.filter((name) => name.endsWith(".tmp"))) await rm(file, { force: true });
  const whole = files.filter((name) => !name.endsWith(".tmp")).sort();
  for (const file of whole.slice(0, Math.max(0, whole.length - (maxFiles - 2))))
    await rm(file, { force: true });
}

async function compressRotated(path: string): Promise<void> {
  for (const file of await rotatedOf(path)) {
    if (file.endsWith(".gz")) continue;
    const half = `${file}.gz.tmp`;
    await pipeline(createReadStream(file), createGzip(), createWriteStream(half, { mode: 0o640 }));
    await rename(half, `${file}.gz`);
    await rm(file);
  }
}

async function rotatedOf(path: string): Promise<string[]> {
  const directory = dirname(path);
  const prefix = `${basename(path)}.`;
  const names = await readdir(directory).catch(() => []); // the pod is gone
  return names.filter((name) => name.startsWith(prefix)).map((name) => join(directory, name));
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === "ENOENT") return undefined; // has not written yet, or its pod is gone
    throw err;
  }
}

/** `20260528-191522` */
function stamp(now: number): string {
  return new Date(now).toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");
}
