/** Several servers of one store make the same things when they start: what one has made or repaired, the others need not. */

import { isAlreadyExists, isConflict, isInvalid, isNotFound } from "@knarr/machinery/status.ts";
import type { Clock } from "@knarr/std/clock.ts";

/** Another server is as quick as this one so often at most, over one thing. */
const TRIES = 10;
const PAUSE_MS = 200;

/** For writes of what is the same whoever makes it. */
export function unlessOvertaken(err: unknown): void {
  if (!isOvertaken(err)) throw err;
}

/**
 * Does `work` again, which looks at what is there first, when somebody else was faster: for what depends on who writes. Invalid is tried
 * again, too: another server may have taken the address of a Service, and not made the Service yet.
 */
export async function untilNotOvertaken<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (err) {
      if (tries === TRIES || !(isOvertaken(err) || isInvalid(err))) throw err;
      await clock.sleep(PAUSE_MS);
    }
  }
}

function isOvertaken(err: unknown): boolean {
  return isConflict(err) || isNotFound(err) || isAlreadyExists(err);
}
