/**
 * Forgets history by itself: once a minute everything older than five minutes.
 *
 * Five minutes is what upstream's API server keeps at least: long enough for a client to page through a list or to come back
 * after a broken watch, and short enough that a continue token expires within the ten minutes clients expect.
 */

import type { Clock } from "@knarr/std/clock.ts";
import { StoreUnavailable, type Store } from "./store.ts";

const STEP_MS = 60_000;
const KEPT_STEPS = 5;

/** Runs until `signal` aborts. A store that cannot write at the moment is asked again a minute later. */
export async function compactByItself(
  store: Pick<Store, "revision" | "compacted" | "compact">,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  /** The revision at each of the last steps, oldest first. */
  const revisions: number[] = [store.revision];
  while (!signal.aborted) {
    try {
      await clock.sleep(STEP_MS, signal);
    } catch (err) {
      if (signal.aborted) return;
      throw err;
    }
    revisions.push(store.revision);
    const oldest = revisions.length > KEPT_STEPS ? revisions.shift()! : 0;
    if (oldest <= store.compacted) continue;
    try {
      await store.compact(oldest);
    } catch (err) {
      // No space on the disk, mostly. Writers meet it too, and tell; history must not be what stops the store.
      if (!(err instanceof StoreUnavailable)) throw err;
    }
  }
}
