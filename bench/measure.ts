/** Measuring: latencies, processor time of other processes, and rows of a table. */

import { readFileSync } from "node:fs";

export interface Measured {
  readonly name: string;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Milliseconds of processor time of the measured processes for one operation. */
  readonly cpu: number;
}

/** What was seen of some operations. */
export interface Sample {
  /** Of each, in milliseconds. */
  readonly latencies: Float64Array;
  readonly seconds: number;
  /** Milliseconds of processor time for all. */
  readonly cpu: number;
}

export interface Load {
  readonly total: number;
  /** Operations at a time. */
  readonly clients: number;
  /** Processes that are watched meanwhile. */
  readonly pids: readonly number[];
}

/** Does `total` operations. */
export async function measure(
  name: string,
  load: Load,
  operation: (i: number, client: number) => Promise<unknown>,
): Promise<Measured> {
  return summed(name, [await sample(load, operation)]);
}

export async function sample(
  { total, clients, pids }: Load,
  operation: (i: number, client: number) => Promise<unknown>,
): Promise<Sample> {
  const latencies = new Float64Array(total);
  let next = 0;
  const cpuBefore = processorTime(pids);
  const started = performance.now();
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      for (let i = next++; i < total; i = next++) {
        const begun = performance.now();
        await operation(i, client);
        latencies[i] = performance.now() - begun;
      }
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  return { latencies, seconds, cpu: processorTime(pids) - cpuBefore };
}

/** All samples as if they were one. */
export function summed(name: string, samples: readonly Sample[]): Measured {
  const latencies = Float64Array.from(samples.flatMap((each) => [...each.latencies])).sort();
  const total = latencies.length;
  const sum = (figure: "seconds" | "cpu"): number => samples.reduce((all, each) => all + each[figure], 0);
  return {
    name,
    perSecond: total / sum("seconds"),
    p50: latencies[Math.floor(total * 0.5)]!,
    p99: latencies[Math.floor(total * 0.99)]!,
    cpu: sum("cpu") / total,
  };
}

/** Milliseconds of user and system time so far. The kernel counts in ticks of 10 ms. */
export function processorTime(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return sum + (Number(fields[11]) + Number(fields[12])) * 10;
  }, 0);
}

/** Megabytes resident. */
export function residentMegabytes(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const match = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return sum + Number(match?.[1] ?? 0) / 1000;
  }, 0);
}

/**
 * Megabytes that processes of one program take together: what each has of its own, and what files and libraries give to all of
 * them once. Unlike proportional figures (Pss), it does not fall because somebody else runs the same program.
 */
export function togetherMegabytes(pids: readonly number[]): number {
  let own = 0;
  const shared = new Map<string, number>();
  for (const pid of pids) {
    const mapped = new Map<string, number>();
    let name = "";
    for (const line of readFileSync(`/proc/${pid}/smaps`, "utf8").split("\n")) {
      const [first = "", second = "", offset, , , ...path] = line.split(/\s+/);
      if (/^[0-9a-f]+-/.test(first)) name = `${second} ${offset} ${path.join(" ")}`;
      else if (first === "Anonymous:") {
        own += Number(second);
        mapped.set(name, (mapped.get(name) ?? 0) - Number(second));
      } else if (first === "Rss:") mapped.set(name, (mapped.get(name) ?? 0) + Number(second));
    }
    for (const [name, size] of mapped) shared.set(name, Math.max(shared.get(name) ?? 0, size));
  }
  return (own + [...shared.values()].reduce((sum, size) => sum + size, 0)) / 1000;
}

/** Megabytes, each page divided by how many processes of the machine have it. */
export function proportionalMegabytes(pid: number): number {
  return Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))![1]) / 1000;
}

/** A row of a Markdown table. */
export function row({ name, perSecond, p50, p99, cpu }: Measured): string {
  const figure = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
  return `| ${name} | ${figure(perSecond)} | ${figure(p50)} | ${figure(p99)} | ${figure(cpu)} |`;
}

export const HEADER = "| operation | /s | p50 ms | p99 ms | CPU ms each |\n|---|---|---|---|---|";
