/** Figures as Prometheus reads them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Metrics } from "./metrics.ts";

test("Metrics shows each series of a counter, with its values quoted", () => {
  const metrics = new Metrics();
  const seen = metrics.counter("seen_total", "What was seen.", ["what", "where"]);
  seen.add(["a", ""]);
  seen.add(["a", ""], 2);
  seen.add(['say "b"\n', "here"]);
  seen.add(["a\\b\t", "here"]);
  assert.equal(
    metrics.text(),
    [
      "# HELP seen_total What was seen.",
      "# TYPE seen_total counter",
      'seen_total{what="a",where=""} 3',
      'seen_total{what="say \\"b\\"\\n",where="here"} 1',
      'seen_total{what="a\\\\b\t",where="here"} 1',
      "",
    ].join("\n"),
  );
});

test("Metrics shows a histogram's buckets as sums, and one without labels without braces", () => {
  const metrics = new Metrics();
  const seconds = metrics.histogram("wait_seconds", "Waiting.", ["who"], [0.1, 1]);
  for (const value of [0.05, 0.5, 5]) seconds.observe(["a"], value);
  metrics.counter("all_total", "All.").add([]);
  const lines = metrics.text().split("\n");
  assert.deepEqual(
    lines.filter((line) => !line.startsWith("#") && line),
    [
      'wait_seconds_bucket{who="a",le="0.1"} 1',
      'wait_seconds_bucket{who="a",le="1"} 2',
      'wait_seconds_bucket{who="a",le="+Inf"} 3',
      'wait_seconds_sum{who="a"} 5.55',
      'wait_seconds_count{who="a"} 3',
      "all_total 1",
    ],
  );
});

test("Metrics.forget drops the series of what is no more, of all metrics that have such labels", () => {
  const metrics = new Metrics();
  const seen = metrics.counter("seen_total", "Seen.", ["group", "resource", "verb"]);
  const seconds = metrics.histogram("wait_seconds", "Waiting.", ["resource", "group"], [1]);
  const others = metrics.counter("others_total", "Others.", ["resource"]);
  for (const resource of ["boats", "cars"]) {
    seen.add(["a.example", resource, "GET"]);
    seconds.observe([resource, "a.example"], 0.5);
    others.add([resource]);
  }
  metrics.forget({ group: "a.example", resource: "boats" });
  const lines = metrics.text().split("\n");
  assert.deepEqual(
    lines.filter((line) => line.includes("boats")),
    ['others_total{resource="boats"} 1'],
  );
  assert.equal(lines.filter((line) => line.includes("cars")).length, 6);
});

test("Metrics writes the bounds of buckets as Go does, whose text queries name", () => {
  const metrics = new Metrics();
  metrics.histogram("h", "H.", [], [0, 1e-8, 1e-5, 0.0001, 0.25, 1e5, 1e6, 2_592_000, 1e10]).observe([], 1);
  assert.deepEqual(
    [...metrics.text().matchAll(/le="(.*?)"/g)].map(([, bound]) => bound),
    ["0", "1e-08", "1e-05", "0.0001", "0.25", "100000", "1e+06", "2.592e+06", "1e+10", "+Inf"],
  );
});
