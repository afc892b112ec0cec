/** Slow requests are in the log with their id and where their time went; quick ones are not. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { silent, type Fields } from "@knarr/std/log.ts";
import { routeOf } from "../pipeline/route.ts";
import { Stages } from "../pipeline/stages.ts";
import { logIfSlow, SLOW_MS } from "./slow-requests.ts";

const route = routeOf("POST", "/api/v1/namespaces/a/pods", new URLSearchParams());

/** What is logged of a request with `stages`. */
function logged(stages: Stages): Fields[] {
  const lines: Fields[] = [];
  const log = { ...silent, info: (_: string, fields: Fields = {}) => void lines.push(fields) };
  const outcome = { answer: { code: 201 }, warnings: [], route, user: undefined, stages };
  logIfSlow(log, outcome, { auditId: "one", method: "POST", code: 201 });
  return lines;
}

test("a slow request is logged with its audit id and its stages, the longest first", async () => {
  let now = 1000;
  const stages = new Stages(() => now);
  await stages.during(
    "body",
    Promise.resolve().then(() => (now += 100)),
  );
  stages.beginStore();
  now += SLOW_MS;
  stages.endStore();
  const [fields] = logged(stages);
  assert.deepEqual(fields, {
    ...{
      auditId: "one",
      method: "POST",
      code: 201,
      verb: "create",
      path: "/api/v1/namespaces/a/pods",
      user: "",
    },
    ...{ milliseconds: 600, store: 500, body: 100 },
  });
  assert.deepEqual(Object.keys(fields!).slice(-2), ["store", "body"]);
});

test("a quick request is not logged", () => {
  let now = 0;
  const stages = new Stages(() => now);
  now += SLOW_MS - 1;
  assert.deepEqual(logged(stages), []);
});
