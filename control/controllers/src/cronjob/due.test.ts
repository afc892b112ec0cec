/** dueOf: the last moment that came and was not seen to, and how long until the next. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { CronJob, CronJobSpec } from "@knarr/kinds/generated/batch-v1.ts";
import { dueOf } from "./due.ts";

const time = (text: string) => Date.parse(`2026-01-05T${text}Z`);

function made(at: string, spec: Partial<CronJobSpec> = {}, last?: string): CronJob {
  return {
    metadata: { name: "tick", uid: "u", creationTimestamp: `2026-01-05T${at}Z` },
    spec: { schedule: "*/10 * * * *", jobTemplate: {}, ...spec },
    status: last ? { lastScheduleTime: `2026-01-05T${last}Z` } : {},
  };
}

const cases: readonly {
  name: string;
  cronJob: CronJob;
  now: string;
  moment?: string;
  next: string;
  since?: string;
}[] = [
  {
    name: "nothing is due before the first moment",
    cronJob: made("08:01:00"),
    now: "08:05:00",
    next: "08:10:00",
  },
  {
    name: "the first moment has come",
    cronJob: made("08:01:00"),
    now: "08:10:01",
    moment: "08:10:00",
    next: "08:20:00",
  },
  { name: "it was seen to", cronJob: made("08:01:00", {}, "08:10:00"), now: "08:12:00", next: "08:20:00" },
  {
    name: "of several, the last",
    cronJob: made("08:01:00", {}, "08:10:00"),
    now: "09:42:00",
    moment: "09:40:00",
    next: "09:50:00",
  },
  {
    name: "none within the starting deadline",
    cronJob: made("08:01:00", { startingDeadlineSeconds: 60 }),
    now: "08:12:00",
    next: "08:20:00",
  },
  {
    name: "none of the schedule before this one",
    cronJob: made("08:01:00"),
    now: "09:42:00",
    since: "09:41:00",
    next: "09:50:00",
  },
  {
    name: "gaps of different length",
    cronJob: made("05:00:00", { schedule: "0,5 6,7 * * *" }),
    now: "07:30:00",
    moment: "07:05:00",
    next: "30:00:00",
  },
  {
    name: "every so often, from the last",
    cronJob: made("08:00:00", { schedule: "@every 7m" }, "08:03:00"),
    now: "08:31:00",
    moment: "08:31:00",
    next: "08:38:00",
  },
];

for (const { name, cronJob, now, moment, next, since } of cases) {
  test(`dueOf: ${name}`, () => {
    const due = dueOf(cronJob, { now: time(now), zone: "UTC", ...(since && { since: time(since) }) });
    assert.equal(due.moment, moment === undefined ? undefined : time(moment));
    const wanted = next === "30:00:00" ? Date.parse("2026-01-06T06:00:00Z") : time(next);
    assert.equal(due.waitMs, wanted + 100 - time(now));
    assert.equal(due.isFarBehind, false);
  });
}

test("dueOf tells when more was missed than can be right", () => {
  const { isFarBehind, moment } = dueOf(made("00:00:00", { schedule: "* * * * *" }), {
    now: time("08:00:30"),
    zone: "UTC",
  });
  assert.deepEqual([isFarBehind, moment], [true, time("08:00:00")]);
});

test("dueOf refuses a day that never comes", () => {
  const never = made("00:00:00", { schedule: "0 0 31 2 *" });
  assert.throws(() => dueOf(never, { now: time("08:00:00"), zone: "UTC" }), RangeError);
});
