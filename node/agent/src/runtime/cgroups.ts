/**
 * The cgroups that hold pods: `<root>/kubepods[/burstable|/besteffort]/pod<uid>`, made directly in the file system
 * (upstream's cgroupfs driver), on v1 hierarchies or the unified one. The runtime makes the containers' below.
 *
 * Making is idempotent, removing too; nothing is remembered.
 */

import { mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { usageV1, usageV2, type CgroupUsage } from "../stats/cgroup-usage.ts";

export interface CgroupLimits {
  readonly cpuShares: number;
  /** Microseconds per 100 ms; undefined: no limit. */
  readonly cpuQuota?: number | undefined;
  readonly memoryBytes?: number | undefined;
}

export interface Cgroups {
  /** Makes the cgroup with its parents and sets its limits. */
  apply(path: string, limits: CgroupLimits): Promise<void>;
  /** Kills nothing: throws EBUSY while a process is in it. */
  remove(path: string): Promise<void>;
  /** The names below `path`. */
  children(path: string): Promise<readonly string[]>;
  /** What was used in it, below it included; undefined when it is not there. */
  usage(path: string): Promise<CgroupUsage | undefined>;
}

/** Looks at what is mounted. v1 wherever its controllers are, as hybrid hosts have an empty v2 beside it. */
export async function findCgroups(mountInfo = "/proc/self/mountinfo"): Promise<Cgroups> {
  const v1 = new Map<string, string>();
  let v2: string | undefined;
  for (const line of (await readFile(mountInfo, "utf8")).split("\n")) {
    const [left = "", right = ""] = line.split(" - ");
    const mountPoint = left.split(" ")[4] ?? "";
    const [type = "", , options = ""] = right.split(" ");
    if (type === "cgroup2") v2 ??= mountPoint;
    if (type === "cgroup") for (const name of options.split(",")) v1.getOrInsert(name, mountPoint);
  }
  // The runtime uses the empty v2 of a hybrid host too, so it has to be cleaned with the others
  if (v1.has("memory") || v1.has("cpu")) return new CgroupsV1(v2 === undefined ? v1 : v1.set("unified", v2));
  if (v2 === undefined)
    throw new Error("Cannot find cgroups: neither v1 controllers nor the unified hierarchy are mounted");
  return new CgroupsV2(v2);
}

class CgroupsV1 implements Cgroups {
  readonly #controllers: ReadonlyMap<string, string>;

  constructor(controllers: ReadonlyMap<string, string>) {
    this.#controllers = controllers;
  }

  async apply(path: string, { cpuShares, cpuQuota, memoryBytes }: CgroupLimits): Promise<void> {
    const cpu = this.#controllers.get("cpu");
    const memory = this.#controllers.get("memory");
    for (const controller of new Set([cpu, memory, this.#controllers.get("pids")]))
      if (controller) await mkdir(join(controller, path), { recursive: true });
    if (cpu) {
      await writeFile(join(cpu, path, "cpu.shares"), String(cpuShares));
      await writeFile(join(cpu, path, "cpu.cfs_quota_us"), String(cpuQuota || -1));
    }
    if (memory) await writeFile(join(memory, path, "memory.limit_in_bytes"), String(memoryBytes ?? -1));
  }

  async remove(path: string): Promise<void> {
    for (const controller of new Set(this.#controllers.values())) await removeTree(join(controller, path));
  }

  async children(path: string): Promise<readonly string[]> {
    const lists = [...new Set(this.#controllers.values())].map((controller) =>
      directoriesIn(join(controller, path)),
    );
    return [...new Set((await Promise.all(lists)).flat())];
  }

  async usage(path: string): Promise<CgroupUsage | undefined> {
    const [cpuacct, memory] = [this.#controllers.get("cpuacct"), this.#controllers.get("memory")];
    if (!cpuacct || !memory) return undefined;
    return usageV1(join(cpuacct, path), join(memory, path));
  }
}

class CgroupsV2 implements Cgroups {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async apply(path: string, { cpuShares, cpuQuota, memoryBytes }: CgroupLimits): Promise<void> {
    let parent = this.#root;
    for (const name of path.split("/").filter(Boolean)) {
      await this.#delegate(parent);
      parent = join(parent, name);
      await mkdir(parent, { recursive: true });
    }
    await this.#delegate(parent); // for the containers below
    const weight = Math.floor(1 + ((cpuShares - 2) * 9999) / 262_142);
    await writeIfThere(join(parent, "cpu.weight"), String(weight));
    await writeIfThere(join(parent, "cpu.max"), `${cpuQuota || "max"} 100000`);
    await writeIfThere(join(parent, "memory.max"), String(memoryBytes ?? "max"));
  }

  async remove(path: string): Promise<void> {
    await removeTree(join(this.#root, path));
  }

  children(path: string): Promise<readonly string[]> {
    return directoriesIn(join(this.#root, path));
  }

  usage(path: string): Promise<CgroupUsage | undefined> {
    return usageV2(join(this.#root, path));
  }

  /** Lets the children of `directory` have all its controllers. */
  async #delegate(directory: string): Promise<void> {
    const available = (await readFile(join(directory, "cgroup.controllers"), "utf8")).trim().split(" ");
    for (const controller of available.filter(Boolean))
      await writeIfThere(join(directory, "cgroup.subtree_control"), `+${controller}`);
  }
}

/** A controller that is not delegated here has no files, or refuses: then there is no limit to set. */
async function writeIfThere(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: "r+" });
  } catch (err) {
    if (!["ENOENT", "EOPNOTSUPP", "EBUSY", "EINVAL"].includes((err as NodeJS.ErrnoException).code ?? ""))
      throw err;
  }
}

async function removeTree(directory: string): Promise<void> {
  for (const name of await directoriesIn(directory)) await removeTree(join(directory, name));
  try {
    await rmdir(directory);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== "ENOENT") throw err;
  }
}

async function directoriesIn(directory: string): Promise<string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw err;
  }
}
