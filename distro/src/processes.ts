/**
 * Processes as /proc knows them. A process id alone is no name: ids are used again. With its start time it is one.
 */

import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

export interface ProcessId {
  readonly pid: number;
  /** Clock ticks between boot and the process's start (field 22 of /proc/PID/stat). */
  readonly started: string;
}

export function processId(pid: number): ProcessId | undefined {
  const started = startOf(pid);
  return started === undefined ? undefined : { pid, started };
}

export function isAlive({ pid, started }: ProcessId): boolean {
  return startOf(pid) === started;
}

/** Asks a process to end and waits; kills it when it has not after `patienceMs`. */
export async function endProcess(id: ProcessId, patienceMs = 10_000): Promise<void> {
  const deadline = performance.now() + patienceMs;
  signal(id, "SIGTERM");
  while (isAlive(id)) {
    if (performance.now() > deadline) signal(id, "SIGKILL");
    await sleep(20);
  }
}

/** Resident memory in bytes; 0 for a process that is gone. */
export function residentMemory({ pid }: ProcessId): number {
  try {
    const match = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return match ? Number(match[1]) * 1024 : 0;
  } catch {
    return 0; // it ended while we looked
  }
}

function signal(id: ProcessId, name: NodeJS.Signals): void {
  if (!isAlive(id)) return;
  try {
    process.kill(id.pid, name);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== "ESRCH") throw err;
  }
}

function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in parentheses and may hold spaces.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined; // no such process
  }
}
