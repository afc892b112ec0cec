/** Times and durations: canonical forms, and Go's words for what is none. */

import assert from "node:assert/strict";
import { test } from "node:test";
import * as time from "./time.ts";

test("canonicalTime keeps whole seconds in UTC", () => {
  assert.equal(time.canonicalTime("2026-11-23T06:00:00+01:30"), "2026-11-23T04:30:00Z");
  assert.equal(time.canonicalTime("2026-11-23T06:00:00.999Z"), "2026-11-23T06:00:00Z");
  assert.equal(time.canonicalTime("0001-01-01T00:00:00Z"), "0001-01-01T00:00:00Z");
});

test("canonicalTime keeps every day of the calendar as it is, and no others", () => {
  for (let day = Date.UTC(2023, 11, 31); day < Date.UTC(2025, 0, 2); day += 86_400_000) {
    const text = time.formatTime(day);
    assert.equal(time.canonicalTime(text), text);
  }
  for (const date of [
    "2026-02-29",
    "2026-04-31",
    "2026-06-31",
    "2026-09-31",
    "2026-11-31",
    "2026-12-32",
    "2026-01-00",
  ])
    assert.throws(() => time.canonicalTime(`${date}T00:00:00Z`), /day out of range/);
});

test("canonicalMicroTime wants six digits of a second, as Go does", () => {
  assert.equal(time.canonicalMicroTime("2026-11-23T07:00:00,123456+01:00"), "2026-11-23T06:00:00.123456Z");
  assert.throws(() => time.canonicalMicroTime("2026-11-23T06:00:00Z"), {
    message:
      'parsing time "2026-11-23T06:00:00Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"',
  });
  assert.throws(
    () => time.canonicalMicroTime("2026-11-23T06:00:00.1234567Z"),
    /cannot parse "7Z" as "Z07:00"$/,
  );
});

for (const [text, why] of [
  ["", 'parsing time "" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "2006"'],
  [
    "yesterday",
    'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"',
  ],
  ["2026-11-23", 'parsing time "2026-11-23" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T"'],
  ["2026-13-23T00:00:00Z", 'parsing time "2026-13-23T00:00:00Z": month out of range'],
  ["2026-02-30T00:00:00Z", 'parsing time "2026-02-30T00:00:00Z": day out of range'],
  ["2026-02-03T24:00:00Z", 'parsing time "2026-02-03T24:00:00Z": hour out of range'],
  ["2026-02-03T00:00:00Zx", 'parsing time "2026-02-03T00:00:00Zx": extra text: "x"'],
] as const) {
  test(`canonicalTime refuses ${JSON.stringify(text)}`, () =>
    assert.throws(() => time.canonicalTime(text), { name: "SyntaxError", message: why }));
}

test("formatTime and formatMicroTime write what canonicalisation keeps", () => {
  const now = Date.UTC(2026, 10, 23, 5, 6, 7, 89);
  assert.equal(time.formatTime(now), "2026-11-23T05:06:07Z");
  assert.equal(time.formatMicroTime(now + 0.123), "2026-11-23T05:06:07.089123Z");
  assert.equal(time.parseTime("2026-11-23T05:06:07Z"), now - 89);
});

test("durations read and print as Go's do", () => {
  for (const [text, printed] of [
    ["90m", "1h30m0s"],
    ["1.5s", "1.5s"],
    ["0", "0s"],
    ["-1h", "-1h0m0s"],
    ["100ms", "100ms"],
    ["1h1ns", "1h0m0.000000001s"],
  ] as const)
    assert.equal(time.formatDuration(time.parseDuration(text)), printed);
  assert.throws(() => time.parseDuration("1 hour"), /time: unknown unit " hour" in duration "1 hour"/);
});
