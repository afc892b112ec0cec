/**
 * Memory that only the start of a thread needed, given back to the machine once.
 *
 * V8 keeps what it took for a start's garbage, some 12 MB of the server, for objects to come, and no collection but the
 * one for a machine that runs out of memory lets it go. That one stops the thread for about 0.1 s, longer the more there is:
 * where a cluster's objects are many already, nothing is done. Compiled code goes too, so it waits for a process that is at rest: one
 * under load would pay a quarter more for each request until its code is fast again.
 */

import { cpuUsage, memoryUsage } from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Clock } from "./clock.ts";

/** At rest is who used little of the processor for so long. */
const REST_MS = 3000;
const REST_SHARE = 0.05;
const SMALL_HEAP_BYTES = 64 << 20;

export async function giveBackMemory(clock: Clock, signal: AbortSignal): Promise<void> {
  let isAtRest = false;
  while (!isAtRest && memoryUsage().heapUsed < SMALL_HEAP_BYTES) {
    const before = cpuUsage();
    await clock.sleep(REST_MS, signal);
    const { user, system } = cpuUsage(before);
    isAtRest = (user + system) / 1000 < REST_MS * REST_SHARE;
  }
  if (memoryUsage().heapUsed < SMALL_HEAP_BYTES)
    collector()({ type: "major", execution: "sync", flavor: "last-resort" });
}

/** Not by a flag of the command line: V8 takes no code from Node's compile cache that was made under other flags. */
function collector(): NodeJS.GCFunction {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as NodeJS.GCFunction;
  setFlagsFromString("--no-expose-gc");
  return collect;
}
