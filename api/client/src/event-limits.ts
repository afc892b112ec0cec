/** How many Events are too many, with client-go's numbers: when to combine similar ones, and when to stop recording. */

import type { Clock } from "@knarr/std/clock.ts";

/** Different messages of similar events, within the interval, until they are combined into one. */
const SIMILAR = 10;
const SIMILAR_INTERVAL_MS = 600_000;
/** Events about one object at once, and how soon one more is allowed. */
const BURST = 25;
const REFILL_MS = 300_000;
/** Objects and kinds of events remembered. */
const REMEMBERED = 4096;

export class EventLimits {
  readonly #clock: Clock;
  readonly #similar = new Map<string, { messages: Set<string>; since: number }>();
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether one more Event about `subject` may be recorded. */
  allow(subject: string): boolean {
    const now = this.#clock.now();
    const bucket = this.#buckets.get(subject) ?? { tokens: BURST, at: now };
    bucket.tokens = Math.min(BURST, bucket.tokens + (now - bucket.at) / REFILL_MS);
    bucket.at = now;
    remember(this.#buckets, subject, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }

  /** Whether so many different messages came with events like this that they are to be one. */
  combines(alike: string, message: string): boolean {
    const now = this.#clock.now();
    let seen = this.#similar.get(alike);
    if (!seen || now - seen.since > SIMILAR_INTERVAL_MS) seen = { messages: new Set(), since: now };
    seen.since = now;
    remember(this.#similar, alike, seen);
    if (seen.messages.size >= SIMILAR && !seen.messages.has(message)) return true;
    seen.messages.add(message);
    return false;
  }
}

/** Puts an entry last; forgets the one not used for longest when there are too many. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > REMEMBERED) map.delete(map.keys().next().value!);
}
