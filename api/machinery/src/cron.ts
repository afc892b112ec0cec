/**
 * Schedules as CronJobs have them: the five fields of cron, `@daily` and its like, `@every 90m`.
 *
 *     parseSchedule("30 6 * * mon-fri").next(now, "Europe/Oslo")   // the next 6:30 there on a weekday
 *     parseSchedule("0 25 * * *")   // SyntaxError: end of range (25) above maximum (23): 25
 *
 * A moment is due when the clocks of the zone show it. So 2:30 does not come in the night in which they are put forward, and
 * 1:30 comes twice in the night in which they are put back. Where both days of the month and days of the week are
 * restricted (neither is `*`), a day need fit only one of them, as in every cron.
 */

import { quote } from "./quote.ts";
import { parseDuration } from "./time.ts";

export interface Schedule {
  /** The first moment after `after` (milliseconds) that is due; undefined when none is within five years. */
  next(after: number, zone: string): number | undefined;
}

/** Throws SyntaxError in the words of the library that upstream reads schedules with. */
export function parseSchedule(text: string): Schedule {
  const [zone, rest] = splitZone(text);
  const schedule = rest.startsWith("@") ? descriptor(rest) : fieldsOf(rest);
  return zone === undefined ? schedule : { next: (after) => schedule.next(after, zone) };
}

/** Whether there is a zone of this name, in just this spelling. `+05:00` is no name. */
export function isTimeZone(name: string): boolean {
  if (/^[-+]/.test(name)) return false;
  try {
    return new Temporal.ZonedDateTime(0n, name).timeZoneId === name;
  } catch (err) {
    if (err instanceof RangeError) return false;
    throw err;
  }
}

/** `TZ=Europe/Oslo 0 6 * * *`: how zones were given before CronJobs had a field for them. */
function splitZone(text: string): [zone: string | undefined, rest: string] {
  if (text === "") throw new SyntaxError("empty spec string");
  if (!/^(CRON_)?TZ=/.test(text)) return [undefined, text];
  const space = text.indexOf(" ");
  // Upstream's library stumbles here, and its server says so.
  if (space < 0)
    throw new SyntaxError("invalid schedule format: runtime error: slice bounds out of range [:-1]");
  const zone = text.slice(text.indexOf("=") + 1, space);
  if (zone && zone !== "Local" && !isTimeZone(zone))
    throw new SyntaxError(`provided bad location ${zone}: unknown time zone ${zone}`);
  return [zone === "Local" ? undefined : zone || "UTC", text.slice(space).trim()];
}

const shorthands: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

const EVERY = "@every ";

function descriptor(text: string): Schedule {
  const fields = shorthands[text];
  if (fields !== undefined) return fieldsOf(fields);
  if (text.startsWith(EVERY)) return every(text);
  throw new SyntaxError(`unrecognized descriptor: ${text}`);
}

/** Whole seconds, at least one. */
function every(text: string): Schedule {
  let nanoseconds: number;
  try {
    nanoseconds = parseDuration(text.slice(EVERY.length));
  } catch (err) {
    if (!(err instanceof SyntaxError)) throw err;
    throw new SyntaxError(`failed to parse duration ${text}: ${err.message}`);
  }
  const milliseconds = Math.max(1, Math.floor(nanoseconds / 1e9)) * 1000;
  return { next: (after) => Math.floor(after / 1000) * 1000 + milliseconds };
}

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const minutes: Bounds = { min: 0, max: 59 };
const hours: Bounds = { min: 0, max: 23 };
const days: Bounds = { min: 1, max: 31 };
const months: Bounds = {
  min: 1,
  max: 12,
  names: "jan feb mar apr may jun jul aug sep oct nov dec".split(" "),
};
const weekdays: Bounds = { min: 0, max: 6, names: "sun mon tue wed thu fri sat".split(" ") };

/** What one field allows. */
interface Field {
  readonly values: ReadonlySet<number>;
  /** It has a `*` or `?` that leaves nothing out. */
  readonly isOpen: boolean;
}

function fieldsOf(text: string): Schedule {
  const words = text.split(/\s+/).filter(Boolean);
  if (words.length !== 5)
    throw new SyntaxError(`expected exactly 5 fields, found ${words.length}: [${words.join(" ")}]`);
  const [minute, hour, day, month, weekday] = words as [string, string, string, string, string];
  return new FieldSchedule({
    minute: field(minute, minutes),
    hour: field(hour, hours),
    day: field(day, days),
    month: field(month, months),
    weekday: field(weekday, weekdays),
  });
}

/** `1-5/2,10` */
function field(text: string, bounds: Bounds): Field {
  const values = new Set<number>();
  let isOpen = false;
  for (const part of text.split(",").filter(Boolean)) {
    const { start, end, step, isAny } = range(part, bounds);
    for (let value = start; value <= end; value += step) values.add(value);
    isOpen ||= isAny && step === 1;
  }
  return { values, isOpen };
}

function range(part: string, bounds: Bounds) {
  const [span = "", stepText, ...moreSlashes] = part.split("/");
  const [low = "", high, ...moreHyphens] = span.split("-");
  const isAny = low === "*" || low === "?";
  const start = isAny ? bounds.min : numberOf(low, bounds);
  if (!isAny && moreHyphens.length) throw new SyntaxError(`too many hyphens: ${part}`);
  let end = isAny ? bounds.max : high === undefined ? start : numberOf(high, bounds);
  if (moreSlashes.length) throw new SyntaxError(`too many slashes: ${part}`);
  const step = stepText === undefined ? 1 : integer(stepText);
  if (stepText !== undefined && high === undefined) end = bounds.max; // `5/15` goes on to the end
  if (start < bounds.min)
    throw new SyntaxError(`beginning of range (${start}) below minimum (${bounds.min}): ${part}`);
  if (end > bounds.max) throw new SyntaxError(`end of range (${end}) above maximum (${bounds.max}): ${part}`);
  if (start > end)
    throw new SyntaxError(`beginning of range (${start}) beyond end of range (${end}): ${part}`);
  if (step === 0) throw new SyntaxError(`step of range should be a positive number: ${part}`);
  return { start, end, step, isAny };
}

function numberOf(text: string, { names = [], min }: Bounds): number {
  const named = names.indexOf(text.toLowerCase());
  return named < 0 ? integer(text) : named + min;
}

const MAX_INT64 = 2n ** 63n;

/** A whole number as Go reads it, with its complaints about others. */
function integer(text: string): number {
  const fail = (why: string) =>
    new SyntaxError(`failed to parse int from ${text}: strconv.Atoi: parsing ${quote(text)}: ${why}`);
  if (!/^[-+]?\d+$/.test(text)) throw fail("invalid syntax");
  const value = BigInt(text.replace("+", ""));
  if (value >= MAX_INT64 || value < -MAX_INT64) throw fail("value out of range");
  if (value < 0n) throw new SyntaxError(`negative number (${value}) not allowed: ${text}`);
  return Number(value);
}

type Fields = Readonly<Record<"minute" | "hour" | "day" | "month" | "weekday", Field>>;

const YEARS_AHEAD = 5;

class FieldSchedule implements Schedule {
  readonly #fields: Fields;

  constructor(fields: Fields) {
    this.#fields = fields;
  }

  /** From the coarse to the fine: whatever does not fit is left at once for the beginning of the next. */
  next(after: number, zone: string): number | undefined {
    const { minute, hour, month } = this.#fields;
    const start = (Math.floor(after / 1000) + 1) * 1000;
    let time = Temporal.Instant.fromEpochMilliseconds(start).toZonedDateTimeISO(zone);
    const lastYear = time.year + YEARS_AHEAD;
    while (time.year <= lastYear) {
      if (!month.values.has(time.month)) time = time.with({ day: 1 }).add({ months: 1 }).startOfDay();
      else if (!this.#isDay(time)) time = time.add({ days: 1 }).startOfDay();
      else if (!hour.values.has(time.hour)) time = time.add(until(60, time.minute, time.second));
      else if (time.second !== 0 || !minute.values.has(time.minute))
        time = time.add(until(1, 0, time.second));
      else return time.epochMilliseconds;
    }
    return undefined;
  }

  #isDay({ day, dayOfWeek }: Temporal.ZonedDateTime): boolean {
    const { day: ofMonth, weekday: ofWeek } = this.#fields;
    const isOfMonth = ofMonth.values.has(day);
    const isOfWeek = ofWeek.values.has(dayOfWeek % 7);
    return ofMonth.isOpen || ofWeek.isOpen ? isOfMonth && isOfWeek : isOfMonth || isOfWeek;
  }
}

/** What is left of `all` minutes of which some have passed. */
function until(all: number, minutesPassed: number, secondsPassed: number): Temporal.DurationLike {
  return { seconds: (all - minutesPassed) * 60 - secondsPassed };
}
