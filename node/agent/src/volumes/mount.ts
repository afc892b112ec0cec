/**
 * Mounts, by way of `mount` and `umount`: Node has no such system calls.
 *
 * The kernel's table is read, never guessed: an agent that was just started knows nothing of what its predecessor mounted.
 */

import { execFile } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { release } from "node:os";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Mounts a tmpfs at a directory that exists, of `sizeBytes` (half of the machine's memory by default); never swapped out where the kernel can. */
export async function mountTmpfs(directory: string, { sizeBytes = 0 } = {}): Promise<void> {
  const options = [...(sizeBytes > 0 ? [`size=${sizeBytes}`] : []), ...(canRefuseSwap() ? ["noswap"] : [])];
  await mount(["-t", "tmpfs", ...(options.length ? ["-o", options.join(",")] : []), "tmpfs", directory]);
}

/** Makes `source` appear at `target` too. `source` is given to the kernel as it is, so a path below `/proc/<pid>/fd` stays what was opened. */
export async function bindMount(source: string, target: string): Promise<void> {
  await mount(["--no-canonicalize", "--bind", source, target]);
}

async function mount(args: readonly string[]): Promise<void> {
  try {
    await run("mount", args);
  } catch (err) {
    throw new Error(`Cannot mount: mount ${args.join(" ")}: ${outputOf(err)}`, { cause: err });
  }
}

/** Takes the topmost mount off a path; when somebody still uses it, out of sight now and away when they let go. */
export async function unmount(path: string): Promise<void> {
  try {
    await run("umount", ["--no-canonicalize", path]);
  } catch {
    // Busy, most likely. The lazy way works then, and says what is wrong otherwise.
    try {
      await run("umount", ["--no-canonicalize", "--lazy", path]);
    } catch (err) {
      if (!(await mountTable()).some((entry) => entry.path === path)) return;
      throw new Error(`Cannot unmount ${path}: ${outputOf(err)}`, { cause: err });
    }
  }
}

export interface MountEntry {
  readonly path: string;
  readonly type: string;
}

/** What is mounted at exactly this path, the topmost if several are. */
export async function mountAt(path: string): Promise<MountEntry | undefined> {
  return (await mountTable()).findLast((entry) => entry.path === path);
}

/** Mount points at or below a directory, innermost and latest first: the order to unmount them in. */
async function mountPointsBelow(directory: string): Promise<string[]> {
  const inside = (await mountTable()).filter(
    ({ path }) => path === directory || path.startsWith(`${directory}/`),
  );
  return inside.map(({ path }) => path).reverse();
}

/** Removes a directory, after everything mounted below it is unmounted, so that nobody else's files are lost. */
export async function removeTree(directory: string): Promise<void> {
  for (const mountPoint of await mountPointsBelow(directory)) await unmount(mountPoint);
  await rm(directory, { recursive: true, force: true });
}

async function mountTable(): Promise<MountEntry[]> {
  return parseMountInfo(await readFile("/proc/self/mountinfo", "utf8"));
}

/** `36 35 98:0 /root /mount/point rw,noatime shared:1 - ext3 /dev/root rw` (proc(5)); blanks in paths are octal. */
function parseMountInfo(text: string): MountEntry[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const fields = line.split(" ");
      const type = fields[fields.indexOf("-", 6) + 1]!;
      const path = fields[4]!.replace(/\\(\d{3})/g, (_, code: string) =>
        String.fromCharCode(parseInt(code, 8)),
      );
      return { path, type };
    });
}

/** tmpfs knows `noswap` since Linux 6.4. */
function canRefuseSwap(): boolean {
  const [major = 0, minor = 0] = release().split(".").map(Number);
  return major > 6 || (major === 6 && minor >= 4);
}

function outputOf(err: unknown): string {
  const { stderr, message } = err as { stderr?: string; message: string };
  return stderr?.trim() || message;
}
