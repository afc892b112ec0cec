/** Ages as tables print them. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { ageOf, humanDuration } from "./age.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const cases: readonly (readonly [milliseconds: number, text: string])[] = [
  [-3 * SECOND, "<invalid>"],
  [-1, "0s"],
  [5 * SECOND, "5s"],
  [119 * SECOND, "119s"],
  [2 * MINUTE, "2m"],
  [2 * MINUTE + 5 * SECOND, "2m5s"],
  [10 * MINUTE + 30 * SECOND, "10m"],
  [179 * MINUTE, "179m"],
  [3 * HOUR, "3h"],
  [3 * HOUR + 20 * MINUTE, "3h20m"],
  [8 * HOUR + 20 * MINUTE, "8h"],
  [47 * HOUR, "47h"],
  [2 * DAY, "2d"],
  [2 * DAY + 3 * HOUR, "2d3h"],
  [8 * DAY + 3 * HOUR, "8d"],
  [2 * 365 * DAY - 1, "729d"],
  [2 * 365 * DAY + 30 * DAY, "2y30d"],
  [9 * 365 * DAY, "9y"],
];

for (const [milliseconds, text] of cases)
  test(`humanDuration says ${text} for ${milliseconds} ms`, () =>
    assert.equal(humanDuration(milliseconds), text));

test("ageOf knows no age without a timestamp", () => {
  assert.equal(ageOf(undefined, 0), "<unknown>");
  assert.equal(ageOf("2026-01-01T00:00:00Z", Date.parse("2026-01-01T00:01:00Z")), "60s");
});
