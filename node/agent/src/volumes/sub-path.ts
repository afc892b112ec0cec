/**
 * Sub-paths of volumes: `<podDirectory>/volume-subpaths/<volume>/<container>/<index>` is a bind mount of what
 * the path inside the volume is *now*.
 *
 * A container that can write to the volume may replace any directory of the path by a link to somewhere else, at any moment. So the path is
 * resolved first and must end inside the volume; then it is opened one element at a time, following no link (an element is
 * opened below the directory that is already open, by way of `/proc/self/fd`); and what was opened is what is mounted, not
 * what the path may have become (CVE-2017-1002101, CVE-2021-25741). Details of failures stay in `cause`: they could tell a
 * pod's owner about the node's files.
 */

import { constants, type Stats } from "node:fs";
import { chmod, lstat, mkdir, open, realpath, rm, stat, type FileHandle } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { bindMount, mountAt, removeTree, unmount } from "./mount.ts";

/** Linux's O_PATH, which Node does not name: a handle to the place, without the right to read it. */
const O_PATH = 0o10000000;

export interface SubPath {
  readonly podDirectory: string;
  readonly volume: string;
  readonly volumePath: string;
  /** Relative, without `..`. */
  readonly subPath: string;
  readonly container: string;
  /** Of the mount in the container's list. */
  readonly index: number;
}

/** Makes the sub-path, if it is not there, with the mode of the volume, and binds it. Gives the path to mount. */
export async function bindSubPath(wanted: SubPath): Promise<string> {
  const about = `for volumeMount "${wanted.volume}" of container "${wanted.container}"`;
  try {
    await createMissing(wanted);
  } catch (cause) {
    throw new Error(`failed to create subPath directory ${about}`, { cause });
  }
  try {
    return await bind(wanted);
  } catch (cause) {
    throw new Error(`failed to prepare subPath ${about}`, { cause });
  }
}

/** Undoes all of a pod's sub-path mounts. */
export async function unbindSubPaths(podDirectory: string): Promise<void> {
  await removeTree(subPathsOf(podDirectory));
}

function subPathsOf(podDirectory: string): string {
  return join(podDirectory, "volume-subpaths");
}

async function createMissing({ volumePath, subPath }: SubPath): Promise<void> {
  const root = await realpath(volumePath);
  const missing: string[] = [];
  let existing = join(root, subPath);
  while (!(await isThere(existing))) {
    missing.unshift(existing.slice(dirname(existing).length + 1));
    existing = dirname(existing);
  }
  if (missing.length === 0) return;
  const { mode } = await stat(root);
  let parent = await openInside(root, await realpath(existing));
  try {
    for (const name of missing) {
      const path = below(parent, name);
      await mkdir(path);
      const made = await openStep(path);
      await parent.close();
      parent = made;
      // What was just made is open, so this cannot hit anything else; mkdir's own mode is subject to the umask.
      await chmod(`/proc/self/fd/${made.fd}`, mode & 0o7777);
    }
  } finally {
    await parent.close();
  }
}

async function bind(wanted: SubPath): Promise<string> {
  const { volumePath, subPath, volume, container, index } = wanted;
  const root = await realpath(volumePath);
  const source = await openInside(root, await realpath(join(root, subPath)));
  try {
    const found = await source.stat();
    const target = join(subPathsOf(wanted.podDirectory), volume, container, String(index));
    if (await mountAt(target)) {
      if (isSame(found, await stat(target))) return target;
      await unmount(target); // the file was replaced since, as atomic writers do
    }
    await makeTarget(target, found);
    await bindMount(`/proc/${process.pid}/fd/${source.fd}`, target);
    return target;
  } finally {
    await source.close();
  }
}

async function makeTarget(target: string, source: Stats): Promise<void> {
  await mkdir(dirname(target), { recursive: true, mode: 0o750 });
  const present = await lstat(target).catch((err: NodeJS.ErrnoException) => {
    if (err.code !== "ENOENT") throw err;
  });
  if (present && present.isDirectory() !== source.isDirectory()) await rm(target, { recursive: true });
  else if (present) return;
  if (source.isDirectory()) await mkdir(target, { mode: 0o750 });
  else await (await open(target, "w", 0o640)).close();
}

/** Opens `path`, which must be `root` or below it, without following any link on the way. */
async function openInside(root: string, path: string): Promise<FileHandle> {
  const steps = relative(root, path).split("/").filter(Boolean);
  if (steps[0] === "..") throw new Error(`${path} is not inside the volume ${root}`);
  let handle = await openStep(root);
  for (const step of steps) {
    try {
      const next = await openStep(below(handle, step));
      await handle.close();
      handle = next;
    } catch (err) {
      await handle.close();
      throw err;
    }
  }
  return handle;
}

async function openStep(path: string): Promise<FileHandle> {
  const handle = await open(path, O_PATH | constants.O_NOFOLLOW);
  if (!(await handle.stat()).isSymbolicLink()) return handle;
  await handle.close();
  throw new Error(`${path} became a link while it was being opened`);
}

function below(handle: FileHandle, name: string): string {
  return `/proc/self/fd/${handle.fd}/${name}`;
}

function isSame(one: Stats, other: Stats): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw err;
  }
}
