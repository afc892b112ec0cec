/**
 * Memory that is not needed any more, given back to the machine: after the start, and after each time of load, once the process is at rest.
 *
 * Two things keep it. V8 keeps what it took for garbage, for objects to come, and no collection but the one for a machine that runs out of
 * memory lets it go; that one stops the thread for about 0.1 s, longer the more there is, so where the heap is large nothing is collected. Compiled code goes too: a process under load would pay a quarter more for each request until its code is fast again. And the C
 * library keeps whatever was freed below something that is still in use. After a start that is most of what Node read from its compile cache, some
 * 9 MB of the server, which it frees when the cache is flushed.
 */

import { flushCompileCache } from "node:module";
import { cpuUsage, memoryUsage } from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Clock } from "./clock.ts";

/** At rest is who used little of the processor for so long: the first time, and later, when load may come back and what was done is remembered for a while. */
const FIRST_REST_MS = 3000;
const LATER_REST_MS = 150_000;
const REST_SHARE = 0.05;
/** Growth that is worth it, or work: what grew before may have become free since. */
const GROWTH_BYTES = 16 << 20;
const WORK_MS = 5000;
/** Beyond it a collection takes too long. */
const SMALL_HEAP_BYTES = 256 << 20;

/** Runs until `signal` aborts, and throws its reason then. */
export async function giveBackMemory(clock: Clock, signal: AbortSignal): Promise<never> {
  let rest = FIRST_REST_MS;
  let kept = 0;
  let worked = 0;
  for (;;) {
    const before = processorTime();
    await clock.sleep(rest, signal);
    const now = processorTime();
    if (now - before >= rest * REST_SHARE) continue;
    if (memoryUsage.rss() < kept + GROWTH_BYTES && now < worked + WORK_MS) continue;
    giveBack();
    kept = memoryUsage.rss();
    worked = processorTime();
    rest = LATER_REST_MS;
  }
}

/** Milliseconds since the process began. */
function processorTime(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1000;
}

function giveBack(): void {
  flushCompileCache();
  if (memoryUsage().heapUsed < SMALL_HEAP_BYTES)
    collector()({ type: "major", execution: "sync", flavor: "last-resort" });
  trim();
}

/** Not by a flag of the command line: V8 takes no code from Node's compile cache that was made under other flags. */
function collector(): NodeJS.GCFunction {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as NodeJS.GCFunction;
  setFlagsFromString("--no-expose-gc");
  return collect;
}

/** glibc's malloc_trim(3). Other C libraries have none and need none. */
function trim(): void {
  try {
    const { dlopen } = process.getBuiltinModule("node:ffi");
    using library = dlopen(null, { malloc_trim: { arguments: ["u64"], return: "i32" } });
    library.functions.malloc_trim(0n);
  } catch {
    // No such function, or a Node.js without foreign functions: the memory stays with the C library.
  }
}
