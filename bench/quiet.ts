/** Rest between what is measured. */

import { setTimeout as delay } from "node:timers/promises";
import { processorTime } from "./measure.ts";

/** Long enough for the kernel's count of processor time, which is in steps of 10 ms. */
const QUIET_MS = 300;
const QUIET_LOOKS = 20;

/** Until the processes rest: what one does after its turn is not the other's burden. Nor is what their client has to collect. */
export async function quiet(pids: readonly number[]): Promise<void> {
  globalThis.gc?.();
  for (let looks = 0; looks < QUIET_LOOKS; looks++) {
    const before = processorTime(pids);
    await delay(QUIET_MS);
    if (processorTime(pids) - before <= QUIET_MS / 10) return;
  }
}
