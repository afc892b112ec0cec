/** Waiting for the world to become as a test says, without guessing how long that takes on this machine. */

import { setTimeout as delay } from "node:timers/promises";

/** Tries until `check` passes; after a minute its last complaint stands. */
export async function eventually(check: () => Promise<void>, limitMs = 60_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    try {
      return await check();
    } catch (err) {
      if (performance.now() > deadline) throw err;
      await delay(100);
    }
  }
}
