/** Consistent reads from the cache: how to wait until it has what others may have written. */

import { ApiError } from "@knarr/machinery/status.ts";
import { OutcomeUnknown, StoreUnavailable, type Store } from "@knarr/store/store.ts";
import type { Progress } from "./progress.ts";

/**
 * Resolves when the caches have all that any server has acknowledged by now; undefined when they have it already, as is known at once
 * where no other server can write. Throws ServiceUnavailable when nobody can tell.
 */
export function caughtUp({
  store,
  progress,
}: {
  readonly store: Store;
  readonly progress: Progress;
}): Promise<void> | undefined {
  const latest = store.latest();
  if (typeof latest !== "number") return reached(latest, progress);
  return latest <= progress.revision ? undefined : progress.reached(latest);
}

async function reached(latest: Promise<number>, progress: Progress): Promise<void> {
  let revision: number;
  try {
    revision = await latest;
  } catch (err) {
    throw unavailable(err);
  }
  await progress.reached(revision);
}

/**
 * The store's troubles as the API tells them, with whatever the store says that can be done: 503 and when to come again for what has not happened;
 * for what may have happened 504, which nobody takes for leave to do it twice.
 */
export function unavailable(err: unknown): unknown {
  if (err instanceof OutcomeUnknown) return new ApiError("Timeout", err.message, undefined, { cause: err });
  if (!(err instanceof StoreUnavailable)) return err;
  return new ApiError("ServiceUnavailable", err.message, { retryAfterSeconds: 1 }, { cause: err });
}

/** Whether the write that was answered so may have been made all the same. What was taken for it is not given back then, until repair has looked. */
export function mayHaveHappened(err: unknown): boolean {
  return err instanceof ApiError && err.cause instanceof OutcomeUnknown;
}
