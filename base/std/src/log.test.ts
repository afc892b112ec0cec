/** What is logged where, and what a log does that cannot be written. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { existsSync } from "node:fs";
import { FakeClock } from "./clock.ts";
import { createLogger } from "./log.ts";

test("createLogger writes the message, its own fields and those of the line, errors with their causes", () => {
  const lines: string[] = [];
  const log = createLogger({ clock: new FakeClock(), write: (line) => lines.push(line) }).with({ part: "a" });
  log.info("Created pod", { pod: "b/c" });
  log.error("Could not read", { err: new Error("outer", { cause: new Error("inner") }) });
  log.debug("Not asked for");
  assert.deepEqual(lines, [
    'I0101 00:00:00.000 "Created pod" part="a" pod="b/c"\n',
    'E0101 00:00:00.000 "Could not read" part="a" err="outer: inner"\n',
  ]);
});

test(
  "a log on a full disk loses lines and ends nobody",
  { skip: existsSync("/dev/full") ? false : "needs /dev/full" },
  () => {
    const script = `
    import { createLogger } from ${JSON.stringify(import.meta.resolve("./log.ts"))};
    const log = createLogger();
    for (let i = 0; i < 100; i++) log.error("Store could not be written");
    setImmediate(() => console.log("goes on"));`;
    const words = ["-c", 'exec "$0" --input-type=module -e "$1" 2>/dev/full', process.execPath, script];
    const { status, stdout } = spawnSync("sh", words, { encoding: "utf8" });
    assert.deepEqual([status, stdout], [0, "goes on\n"]);
  },
);
