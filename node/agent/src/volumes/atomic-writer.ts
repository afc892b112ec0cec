/**
 * Files that change all at once. A volume's directory looks like this, as the kubelet's does:
 *
 *     ..2026_01_02_03_04_05.Xy7aB2/   the real files, one generation
 *     ..data -> ..2026_01_02_03_04_05.Xy7aB2
 *     name -> ..data/name             one link for each first path element
 *
 * A new generation is written beside the old one, then `..data` is swapped by rename(2): a reader sees all of the old or all of
 * the new. Content that did not change is not written. Where it can fail half-way it leaves the old generation in use.
 */

import {
  chmod,
  chown,
  lchown,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  rename,
  rm,
  symlink,
  unlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join, normalize } from "node:path";

export interface VolumeFile {
  readonly data: Uint8Array | string;
  readonly mode: number;
  /** Owner, when it must not be root. */
  readonly user?: number;
}

/** Paths relative to the volume, and what is there. */
export type VolumeFiles = ReadonlyMap<string, VolumeFile>;

const DATA = "..data";
const DATA_TEMPORARY = "..data_tmp";

/**
 * Makes `directory` hold exactly `files`. `beforeSwap` runs when the new generation is written and not yet seen: the place to
 * set owners. Answers whether anything was written.
 */
export async function writeAtomically(
  directory: string,
  files: VolumeFiles,
  { beforeSwap, now = new Date() }: { beforeSwap?: () => Promise<void>; now?: Date } = {},
): Promise<boolean> {
  const wanted = new Map<string, VolumeFile>();
  for (const [path, file] of files) wanted.set(checkedPath(path), file);

  const previous = await unlessMissing(readlink(join(directory, DATA)));
  const present = previous === undefined ? [] : await pathsBelow(join(directory, previous));
  const stale = staleLinks(present, wanted);
  const mustWrite =
    previous === undefined || stale.size > 0 || (await differs(join(directory, previous), wanted));

  if (mustWrite) {
    const generation = await writeGeneration(directory, wanted, now);
    try {
      await beforeSwap?.();
      await rm(join(directory, DATA_TEMPORARY), { force: true });
      await symlink(generation, join(directory, DATA_TEMPORARY));
      await rename(join(directory, DATA_TEMPORARY), join(directory, DATA));
    } catch (err) {
      await rm(join(directory, generation), { recursive: true, force: true });
      throw err;
    }
  }
  await linkVisibleNames(directory, wanted);
  for (const name of stale) await unlink(join(directory, name)).catch(ignoreMissing);
  if (mustWrite) await removeOldGenerations(directory);
  return mustWrite;
}

function checkedPath(path: string): string {
  if (path === "") throw new RangeError(`invalid path: must not be empty: ""`);
  if (path.startsWith("/")) throw new RangeError(`invalid path: must be relative path: ${path}`);
  if (path.length > 4096) throw new RangeError("invalid path: must be less than or equal to 4096 characters");
  const elements = path.split("/");
  for (const element of elements) {
    if (element === "..") throw new RangeError(`invalid path: must not contain '..': ${path}`);
    if (element.length > 255)
      throw new RangeError("invalid path: filenames must be less than or equal to 255 characters");
  }
  if (elements[0]!.startsWith("..")) throw new RangeError(`invalid path: must not start with '..': ${path}`);
  return normalize(path);
}

/** First path elements that were visible and have no file any more. */
function staleLinks(present: readonly string[], wanted: VolumeFiles): Set<string> {
  const kept = new Set([...wanted.keys()].map(firstElement));
  const stalePaths = present.filter((path) => !wanted.has(path) && !isDirectoryOf(path, wanted));
  const stale = new Set(stalePaths.map(firstElement));
  // A stale file inside a directory that stays makes a new generation, but its link stays too.
  for (const name of stale) if (kept.has(name)) stale.delete(name);
  return stale;
}

function isDirectoryOf(path: string, wanted: VolumeFiles): boolean {
  return [...wanted.keys()].some((file) => file.startsWith(`${path}/`));
}

async function differs(generation: string, wanted: VolumeFiles): Promise<boolean> {
  for (const [path, { data }] of wanted) {
    const current = await unlessMissing(readFile(join(generation, path)));
    if (current === undefined || !current.equals(Buffer.from(data))) return true;
  }
  const files = (await pathsBelow(generation)).filter((path) => !isDirectoryOf(path, wanted));
  return files.some((path) => !wanted.has(path));
}

async function writeGeneration(directory: string, files: VolumeFiles, now: Date): Promise<string> {
  const stamp = now.toISOString().slice(0, 19).replace(/[-T:]/g, "_");
  const generation = await mkdtemp(join(directory, `..${stamp}.`));
  // Explicitly, since the modes given at creation are subject to the umask.
  await chmod(generation, 0o755);
  const directories = new Set([generation]);
  for (const [path, { data, mode, user }] of files) {
    const file = join(generation, path);
    await makeDirectories(dirname(file), directories);
    await writeFile(file, data, { mode: 0o600 });
    await chmod(file, mode);
    if (user !== undefined) await chown(file, user, -1);
  }
  return generation.slice(directory.length + 1);
}

async function makeDirectories(directory: string, known: Set<string>): Promise<void> {
  if (known.has(directory)) return;
  await makeDirectories(dirname(directory), known);
  await mkdir(directory);
  await chmod(directory, 0o755);
  known.add(directory);
}

/** All but the one in use: also what an agent that died half-way left. */
async function removeOldGenerations(directory: string): Promise<void> {
  const current = await readlink(join(directory, DATA));
  for (const name of await readdir(directory))
    if (/^\.\.\d/.test(name) && name !== current)
      await rm(join(directory, name), { recursive: true, force: true });
}

async function linkVisibleNames(directory: string, files: VolumeFiles): Promise<void> {
  for (const [path, { user }] of files) {
    const name = firstElement(path);
    const link = join(directory, name);
    if ((await unlessMissing(lstat(link))) !== undefined) continue;
    await symlink(join(DATA, name), link);
    if (user !== undefined) await lchown(link, user, -1);
  }
}

async function pathsBelow(directory: string): Promise<string[]> {
  return (await unlessMissing(readdir(directory, { recursive: true }))) ?? [];
}

function firstElement(path: string): string {
  return path.split("/", 1)[0]!;
}

async function unlessMissing<T>(attempt: Promise<T>): Promise<T | undefined> {
  return attempt.catch(ignoreMissing);
}

function ignoreMissing(err: NodeJS.ErrnoException): undefined {
  if (err.code !== "ENOENT") throw err;
}
