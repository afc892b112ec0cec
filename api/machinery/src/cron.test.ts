/** Schedules: when they are due, and what is said of those that make no sense. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { isTimeZone, parseSchedule } from "./cron.ts";

/** The next `count` moments, as clocks in the zone of `after` show them. */
function due(schedule: string, after: string, count = 1): string[] {
  const start = Temporal.ZonedDateTime.from(after);
  const times: string[] = [];
  for (let at: number | undefined = start.epochMilliseconds; times.length < count;) {
    at = parseSchedule(schedule).next(at, start.timeZoneId);
    if (at === undefined) return times;
    times.push(
      Temporal.Instant.fromEpochMilliseconds(at)
        .toZonedDateTimeISO(start.timeZoneId)
        .toString({ timeZoneName: "never", smallestUnit: "second" }),
    );
  }
  return times;
}

for (const [schedule, after, ...times] of [
  ["*/20 * * * *", "2026-03-01T10:20:00[UTC]", "2026-03-01T10:40:00+00:00", "2026-03-01T11:00:00+00:00"],
  ["* * * * *", "2026-03-01T10:20:00.5[UTC]", "2026-03-01T10:21:00+00:00"],
  ["30 6 * * mon-Fri", "2026-07-31T12:00[Europe/Oslo]", "2026-08-03T06:30:00+02:00"],
  ["0 0 29 2 *", "2026-03-01T00:00[UTC]", "2028-02-29T00:00:00+00:00"],
  // both kinds of day are restricted: either will do
  ["0 0 13 * 5", "2026-02-01T00:00[UTC]", "2026-02-06T00:00:00+00:00", "2026-02-13T00:00:00+00:00"],
  ["0 0 */14 * 5", "2026-01-31T00:00[UTC]", "2026-02-01T00:00:00+00:00", "2026-02-06T00:00:00+00:00"],
  ["5/25 1,3 ? jan ?", "2026-01-01T01:31[UTC]", "2026-01-01T01:55:00+00:00", "2026-01-01T03:05:00+00:00"],
  ["@monthly", "2026-01-31T01:00[UTC]", "2026-02-01T00:00:00+00:00"],
  ["@weekly", "2026-08-01T01:00[UTC]", "2026-08-02T00:00:00+00:00"],
  ["@every 90m", "2026-01-01T00:00:07.9[UTC]", "2026-01-01T01:30:07+00:00"],
  ["@every 10ms", "2026-01-01T00:00:07[UTC]", "2026-01-01T00:00:08+00:00"],
  ["TZ=Asia/Kathmandu 0 6 * * *", "2026-01-01T00:00[UTC]", "2026-01-01T00:15:00+00:00"],
  // clocks put forward: 2:30 does not come; put back: it comes twice
  ["30 2 * * *", "2026-03-28T03:00[Europe/Oslo]", "2026-03-30T02:30:00+02:00"],
  ["30 2 * * *", "2026-10-24T03:00[Europe/Oslo]", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"],
  // a day that begins at one o'clock
  ["0 * 16 10 *", "2010-10-15T23:00[America/Sao_Paulo]", "2010-10-16T00:00:00-03:00"],
  ["0 0 31 2 *", "2026-01-01T00:00[UTC]"],
  [", * * * *", "2026-01-01T00:00[UTC]"],
] as const) {
  test(`${schedule} after ${after}`, () => {
    assert.deepEqual(due(schedule, after, times.length || 1), times);
  });
}

for (const [schedule, message] of [
  ["", "empty spec string"],
  ["* * * *", "expected exactly 5 fields, found 4: [* * * *]"],
  ["60 * * * *", "end of range (60) above maximum (59): 60"],
  ["* * 0 * *", "beginning of range (0) below minimum (1): 0"],
  ["* * * * 7", "end of range (7) above maximum (6): 7"],
  ["9-5 * * * *", "beginning of range (9) beyond end of range (5): 9-5"],
  ["*/0 * * * *", "step of range should be a positive number: */0"],
  ["*/-1 * * * *", "negative number (-1) not allowed: -1"],
  ["1-2-3 * * * *", "too many hyphens: 1-2-3"],
  ["1/2/3 * * * *", "too many slashes: 1/2/3"],
  ["x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
  ["-1 * * * *", 'failed to parse int from : strconv.Atoi: parsing "": invalid syntax'],
  [
    "9223372036854775808 * * * *",
    'failed to parse int from 9223372036854775808: strconv.Atoi: parsing "9223372036854775808": value out of range',
  ],
  ["@reboot", "unrecognized descriptor: @reboot"],
  ["@every 5", 'failed to parse duration @every 5: time: missing unit in duration "5"'],
  ["@every 5d", 'failed to parse duration @every 5d: time: unknown unit "d" in duration "5d"'],
  ["TZ=Nowhere * * * * *", "provided bad location Nowhere: unknown time zone Nowhere"],
  ["TZ=UTC", "invalid schedule format: runtime error: slice bounds out of range [:-1]"],
] as const) {
  test(`${JSON.stringify(schedule)} is refused`, () => {
    assert.throws(() => parseSchedule(schedule), { name: "SyntaxError", message });
  });
}

test("isTimeZone knows zones by their exact names", () => {
  const names = ["Europe/Oslo", "Etc/GMT+5", "UTC", "europe/oslo", "+05:00", "Nowhere"];
  assert.deepEqual(names.filter(isTimeZone), ["Europe/Oslo", "Etc/GMT+5", "UTC"]);
});
