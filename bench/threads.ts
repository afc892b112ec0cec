/** Processor time of a server's threads, by what they are for. */

import { readdirSync, readFileSync } from "node:fs";

/** In the order of the table: by the name that the kernel has for a thread. */
const THREADS: readonly (readonly [what: string, name: RegExp])[] = [
  ["the event loop", /MainThread$/],
  ["the store's thread", /^store$/],
  ["V8's own threads: garbage, compiling", /^/],
];

export const EVENT_LOOP = THREADS[0]![0];
export const threadNames: readonly string[] = THREADS.map(([what]) => what);

/** Microseconds so far. */
export function threadTimes(pid: number): Map<string, number> {
  const sums = new Map(threadNames.map((name) => [name, 0]));
  const tasks = `/proc/${pid}/task`;
  for (const task of readdirSync(tasks)) {
    const name = readFileSync(`${tasks}/${task}/comm`, "utf8").trim();
    const [what] = THREADS.find(([, pattern]) => pattern.test(name))!;
    const nanoseconds = Number(readFileSync(`${tasks}/${task}/schedstat`, "utf8").split(" ")[0]);
    sums.set(what, sums.get(what)! + nanoseconds / 1000);
  }
  return sums;
}
