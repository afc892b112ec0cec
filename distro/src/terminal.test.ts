/** What is shown of a step while it lasts. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createTerminal } from "./terminal.ts";

/** All that is written of a step that reports at these milliseconds. */
async function written(isInteractive: boolean, reports: readonly number[]): Promise<string> {
  let [text, time] = ["", 0];
  const terminal = createTerminal({ write: (part) => (text += part), isInteractive, now: () => time });
  await terminal.step("Writing", async (report) => {
    for (time of reports) report(`at ${time}`);
  });
  return text;
}

test("on a terminal every report takes the place of the one before", async () => {
  const text = await written(true, [1, 2]);
  assert.equal(
    text.split("\r\u001b[K").slice(0, 3).join("|"),
    "  … Writing|  … Writing: at 1|  … Writing: at 2",
  );
});

test("in a pipe reports are lines, at most one every second", async () => {
  const text = await written(false, [500, 1000, 1500, 2500]);
  assert.match(text, /^ {2}… Writing: at 1000\n {2}… Writing: at 2500\n {2}✓ Writing +2\.5 s\n$/);
});
