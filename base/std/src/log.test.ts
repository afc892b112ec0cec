/** What is logged, and that it gets there. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

/** Runs lines of a program whose standard error goes where `to` says. */
function run(to: string, program: string) {
  const script = `
    import { createLogger } from ${JSON.stringify(import.meta.resolve("./log.ts"))};
    const log = createLogger();
    ${program}`;
  const words = ["-c", 'exec "$0" --input-type=module -e "$1" 2>"$2"', process.execPath, script, to];
  return spawnSync("sh", words, { encoding: "utf8" });
}

test("a log in a file has every line in order, the last one before an exit too", () => {
  const folder = mkdtempSync(join(tmpdir(), "knarr-log-"));
  try {
    const path = join(folder, "log");
    // What writes aside has something else to do when the first line comes.
    const busy = 'for (let i = 0; i < 8; i++) pbkdf2("", "", 200_000, 64, "sha512", () => {});';
    const lines = 'for (let i = 0; i < 500; i++) log.info("Line", { i }); process.exit(3);';
    const { status } = run(path, `import { pbkdf2 } from "node:crypto"; ${busy} ${lines}`);
    assert.equal(status, 3);
    const numbers = readFileSync(path, "utf8").match(/(?<=i=)\d+/g)!;
    assert.deepEqual(
      numbers.map(Number),
      Array.from({ length: 500 }, (_, i) => i),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
