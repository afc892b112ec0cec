/** What calendars and clocks say of a timestamp, in UTC or another zone, and how long a duration is. */

import { quote } from "@knarr/std/quote.ts";
import { remembering } from "@knarr/std/remember.ts";
import type { FunctionDeclaration, Overload } from "../library.ts";
import { DURATION, INT, STRING, TIMESTAMP } from "../types.ts";
import { Failure, smallInt, type Duration, type Outcome, type Timestamp } from "../values.ts";

/** Fields of a date whose UTC reading is the local one. */
type Reading = (local: Date, timestamp: Timestamp) => number;

function getter(
  name: string,
  word: string,
  read: Reading,
  zoneWord = `${word}_with_tz`,
): FunctionDeclaration {
  return {
    name,
    overloads: [
      {
        id: word,
        params: [TIMESTAMP],
        result: INT,
        isMember: true,
        call: (timestamp: Timestamp) => read(new Date(timestamp.seconds * 1000), timestamp),
      },
      {
        id: zoneWord,
        params: [TIMESTAMP, STRING],
        result: INT,
        isMember: true,
        call: (timestamp: Timestamp, zone: string) => {
          const local = localDate(timestamp, zone);
          return local instanceof Failure ? local : read(local, timestamp);
        },
      },
    ],
  };
}

const MILLION = 1_000_000n;

function length(name: string, unit: bigint): { name: string; overload: Overload } {
  const id = `duration_to_${name.slice(3).toLowerCase()}`;
  const call = ({ nanos }: Duration): Outcome => smallInt(nanos / unit);
  return { name, overload: { id, params: [DURATION], result: INT, isMember: true, call } };
}

const lengths = [
  length("getHours", 3_600_000n * MILLION),
  length("getMinutes", 60_000n * MILLION),
  length("getSeconds", 1000n * MILLION),
  length("getMilliseconds", MILLION),
];

const getters: readonly FunctionDeclaration[] = [
  getter("getFullYear", "timestamp_to_year", (local) => local.getUTCFullYear()),
  getter("getMonth", "timestamp_to_month", (local) => local.getUTCMonth()),
  getter("getDayOfYear", "timestamp_to_day_of_year", dayOfYear),
  getter("getDayOfMonth", "timestamp_to_day_of_month", (local) => local.getUTCDate() - 1),
  getter("getDate", "timestamp_to_day_of_month_1_based", (local) => local.getUTCDate()),
  getter("getDayOfWeek", "timestamp_to_day_of_week", (local) => local.getUTCDay()),
  getter("getHours", "timestamp_to_hours", (local) => local.getUTCHours()),
  getter("getMinutes", "timestamp_to_minutes", (local) => local.getUTCMinutes()),
  getter("getSeconds", "timestamp_to_seconds", (local) => local.getUTCSeconds(), "timestamp_to_seconds_tz"),
  getter("getMilliseconds", "timestamp_to_milliseconds", (_, { nanos }) => Math.trunc(nanos / 1e6)),
];

export const moments: readonly FunctionDeclaration[] = getters.map(({ name, overloads }) => {
  const own = lengths.find((length) => length.name === name);
  return { name, overloads: own ? [...overloads, own.overload] : overloads };
});

/** From 0. */
function dayOfYear(local: Date): number {
  const start = new Date(local).setUTCMonth(0, 1);
  return Math.round(
    (new Date(local).setUTCHours(0, 0, 0, 0) - new Date(start).setUTCHours(0, 0, 0, 0)) / 86_400_000,
  );
}

/** A date whose fields in UTC are what a clock in `zone` shows: the name of a zone, or `+02:30`. */
function localDate({ seconds }: Timestamp, zone: string): Date | Failure {
  const colon = zone.indexOf(":");
  if (colon < 0) return namedZone(seconds, zone);
  const hours = parseNumber(zone.slice(0, colon));
  if (hours instanceof Failure) return hours;
  const minutes = parseNumber(zone.slice(colon + 1));
  if (minutes instanceof Failure) return minutes;
  const offset = zone.startsWith("-") ? hours * 60 - minutes : hours * 60 + minutes;
  return new Date((seconds + offset * 60) * 1000);
}

function parseNumber(text: string): number | Failure {
  if (/^[+-]?\d+$/.test(text)) return Number(text);
  return new Failure(`strconv.Atoi: parsing ${quote(text)}: invalid syntax`);
}

function namedZone(seconds: number, zone: string): Date | Failure {
  if (zone === "" || zone === "UTC" || zone === "Local") return new Date(seconds * 1000);
  const format = formatIn(zone);
  if (!format) return new Failure(`unknown time zone ${zone}`);
  const part = new Map(format.formatToParts(seconds * 1000).map(({ type, value }) => [type, Number(value)]));
  const field = (name: Intl.DateTimeFormatPartTypes): number => part.get(name)!;
  const date = new Date(0);
  date.setUTCFullYear(field("year"), field("month") - 1, field("day"));
  date.setUTCHours(field("hour"), field("minute"), field("second"));
  return date;
}

/** Objects may name zones, too, so there is no end to them. */
const formatIn = remembering(100, (timeZone: string): Intl.DateTimeFormat | undefined => {
  try {
    return new Intl.DateTimeFormat("en-US", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch {
    return undefined; // RangeError: no zone is called so
  }
});
