/** Many writes of one kind at once, carefully. */

import { ApiError } from "@knarr/machinery/status.ts";

/**
 * Calls `act` `count` times, in batches of 1, 2, 4, …; after the first batch with a failure no further one starts, and that failure
 * is thrown. What would fail every time (a quota, an invalid template) thus costs one call, not hundreds.
 */
export async function inSlowStart(count: number, act: () => Promise<void>): Promise<void> {
  for (let done = 0, size = 1; done < count; done += size, size *= 2) {
    const batch = Math.min(size, count - done);
    await allDone(Array.from({ length: batch }, act));
  }
}

/** Waits for all, then throws the first failure: nothing is left running when the caller goes on. */
export async function allDone(calls: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(calls);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

/** The namespace goes away: every further creation in it fails too, and that is nobody's fault. */
export function isNamespaceTerminating(err: unknown): boolean {
  if (!(err instanceof ApiError)) return false;
  return err.details?.causes?.some(({ reason }) => reason === "NamespaceTerminating") ?? false;
}
