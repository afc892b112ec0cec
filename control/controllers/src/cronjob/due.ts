/** Which moment of its schedule a CronJob is due for: pure, given the time. */

import { parseSchedule, type Schedule } from "@knarr/machinery/cron.ts";
import type { CronJob } from "@knarr/kinds/generated/batch-v1.ts";

/** The clock may be a little ahead of others': a moment is looked at when it is surely there. */
const PADDING_MS = 100;
/** With more missed moments than these, a clock is wrong. */
const MANY = 100;

export interface Due {
  /** The last moment that has come and was not seen to; undefined when there is none. */
  readonly moment: number | undefined;
  /** So many were missed that something is wrong. */
  readonly isFarBehind: boolean;
  /** Milliseconds until there is something to do. */
  readonly waitMs: number;
}

export interface When {
  readonly now: number;
  /** For schedules that name no zone. */
  readonly zone: string;
  /** Moments before do not count: the schedule was another then. */
  readonly since?: number;
}

/** Throws SyntaxError for a schedule that cannot be read, RangeError for one that never comes. */
export function dueOf({ metadata, spec, status }: CronJob, { now, zone, since = 0 }: When): Due {
  const schedule = parseSchedule(spec!.schedule);
  const next = (after: number) => schedule.next(after, zone);
  const begin = Math.max(Date.parse(status?.lastScheduleTime ?? metadata.creationTimestamp!), since);
  const deadline = spec!.startingDeadlineSeconds;
  const earliest = deadline == null ? begin : Math.max(begin, now - deadline * 1000);
  const { moment, missed } = lastBefore(schedule, earliest, { now, zone });
  // The next one counts from the last that has come, whether or not it was too late for it.
  const from = lastBefore(schedule, begin, { now, zone });
  const after = next(from.moment ?? (from.missed ? now : begin)) ?? now;
  return { moment, isFarBehind: missed > MANY, waitMs: Math.max(0, after + PADDING_MS - now) };
}

/** The last moment after `earliest` that has come, found without walking through all of years. */
function lastBefore(
  schedule: Schedule,
  earliest: number,
  { now, zone }: When,
): { moment: number | undefined; missed: number } {
  const first = schedule.next(earliest, zone);
  if (first !== undefined && now < first) return { moment: undefined, missed: 0 };
  const second = first === undefined ? undefined : schedule.next(first, zone);
  if (first === undefined || second === undefined)
    throw new RangeError("time difference between two schedules is less than 1 second");
  if (now < second) return { moment: first, missed: 1 };
  // About as many as fit; from one before where they would lead, the schedule itself says which.
  // Moments far apart after ones close together lead beyond the last: then from half as far.
  const interval = second - first;
  const missed = Math.floor((now - first) / interval) + 1;
  let ahead = Math.max(0, (missed - 2) * interval);
  while (ahead && (schedule.next(first + ahead, zone) ?? Infinity) > now) ahead = Math.floor(ahead / 2);
  let moment: number = first;
  for (
    let at = schedule.next(first + ahead, zone);
    at !== undefined && at <= now;
    at = schedule.next(at, zone)
  )
    moment = at;
  return { moment, missed };
}
