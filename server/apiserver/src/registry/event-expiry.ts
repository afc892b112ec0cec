/**
 * Events are forgotten an hour after they were last written: they tell what happens, not what is. Looked through once a minute, so one may
 * live a minute longer. Stores that forget by themselves (etcd, by leases) may be faster.
 */

import { event as eventKind } from "@knarr/kinds/core/event.ts";
import { isNotFound } from "@knarr/machinery/status.ts";
import { parseTime } from "@knarr/machinery/time.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import type { Clock } from "@knarr/std/clock.ts";
import type { Logger } from "@knarr/std/log.ts";
import type { Caches, ResourceCache } from "../cache/cache.ts";

const LIFE_MS = eventKind.lifetimeSeconds! * 1000;
const INTERVAL_MS = 60 * 1000;
/** So many at once: the store writes them together. */
const BATCH = 500;

export interface ExpiryOptions {
  readonly caches: Caches;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Runs until `signal` aborts. */
export async function expireEvents(
  { caches, clock, log }: ExpiryOptions,
  signal: AbortSignal,
): Promise<void> {
  const cache = caches.of(eventKind as never) as ResourceCache;
  while (!signal.aborted) {
    try {
      await clock.sleep(INTERVAL_MS, signal);
      await expireOnce(cache, clock.now());
    } catch (err) {
      if (!signal.aborted) log.error("Could not remove expired events", { error: err });
    }
  }
}

async function expireOnce(cache: ResourceCache, now: number): Promise<void> {
  const isOver = (object: ApiObject): boolean => now - lastWritten(object) > LIFE_MS;
  const expired = cache.items().filter(({ object }) => isOver(object));
  for (let i = 0; i < expired.length; i += BATCH) {
    const deletions = expired.slice(i, i + BATCH).map(({ key }) =>
      cache
        .delete(key, (current) => {
          if (!isOver(current)) throw new WrittenAgain();
        })
        .catch((err: unknown) => {
          if (!(err instanceof WrittenAgain) && !isNotFound(err)) throw err;
        }),
    );
    await Promise.all(deletions);
  }
}

/** It happened again meanwhile. */
class WrittenAgain extends Error {
  override readonly name = "WrittenAgain";
}

/** Field managers write down when. */
function lastWritten({ metadata }: ApiObject): number {
  const times = (metadata.managedFields ?? []).map(({ time }) => parseTime(time)).filter((time) => time > 0);
  return Math.max(parseTime(metadata.creationTimestamp) || 0, ...times);
}
