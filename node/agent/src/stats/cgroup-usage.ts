/** What the processes of one cgroup have used and hold, from the kernel's files: those of v1's hierarchies, or of the unified one. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** Times in nanoseconds, sizes in bytes. */
export interface CgroupUsage {
  readonly cpuNanoseconds: number;
  readonly memory: MemoryUsage;
  /** Undefined where the kernel does not count it. */
  readonly swapBytes?: number;
}

export interface MemoryUsage {
  readonly usageBytes: number;
  /** Without the pages of files that nobody has looked at lately: what cannot be had back when memory is short. */
  readonly workingSetBytes: number;
  readonly rssBytes: number;
  readonly pageFaults: number;
  readonly majorPageFaults: number;
}

/** Undefined for a cgroup that is not there (any more). */
export async function usageV1(cpuacct: string, memory: string): Promise<CgroupUsage | undefined> {
  const [cpu, usage, stat] = await Promise.all([
    textOf(cpuacct, "cpuacct.usage"),
    textOf(memory, "memory.usage_in_bytes"),
    textOf(memory, "memory.stat"),
  ]);
  if (cpu === undefined || usage === undefined || stat === undefined) return undefined;
  const swap = fieldOf(stat, "total_swap");
  return {
    cpuNanoseconds: Number(cpu),
    memory: memoryOf(Number(usage), {
      inactiveFile: fieldOf(stat, "total_inactive_file"),
      rss: fieldOf(stat, "total_rss"),
      faults: fieldOf(stat, "total_pgfault"),
      majorFaults: fieldOf(stat, "total_pgmajfault"),
    }),
    ...(swap !== undefined && { swapBytes: swap }),
  };
}

/** The same. */
export async function usageV2(directory: string): Promise<CgroupUsage | undefined> {
  const [cpu, usage, stat, swap] = await Promise.all([
    textOf(directory, "cpu.stat"),
    textOf(directory, "memory.current"),
    textOf(directory, "memory.stat"),
    textOf(directory, "memory.swap.current"),
  ]);
  if (cpu === undefined || usage === undefined || stat === undefined) return undefined;
  return {
    cpuNanoseconds: (fieldOf(cpu, "usage_usec") ?? 0) * 1000,
    memory: memoryOf(Number(usage), {
      inactiveFile: fieldOf(stat, "inactive_file"),
      rss: fieldOf(stat, "anon"),
      faults: fieldOf(stat, "pgfault"),
      majorFaults: fieldOf(stat, "pgmajfault"),
    }),
    ...(swap !== undefined && { swapBytes: Number(swap) }),
  };
}

interface Stat {
  readonly inactiveFile: number | undefined;
  readonly rss: number | undefined;
  readonly faults: number | undefined;
  readonly majorFaults: number | undefined;
}

function memoryOf(
  usageBytes: number,
  { inactiveFile = 0, rss = 0, faults = 0, majorFaults = 0 }: Stat,
): MemoryUsage {
  return {
    usageBytes,
    workingSetBytes: Math.max(0, usageBytes - inactiveFile),
    rssBytes: rss,
    pageFaults: faults,
    majorPageFaults: majorFaults,
  };
}

/** `name value`, one a line. */
function fieldOf(text: string, name: string): number | undefined {
  const value = new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1];
  return value === undefined ? undefined : Number(value);
}

/** Undefined when it is not there: containers go at any time. */
async function textOf(directory: string, name: string): Promise<string | undefined> {
  try {
    return await readFile(join(directory, name), "utf8");
  } catch (err) {
    if (["ENOENT", "ENODEV"].includes((err as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw err;
  }
}
