/** Processes that could not be started, and a run file that could not be written: both happen on a disk that is full, and both pass. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { FakeClock } from "@knarr/std/clock.ts";
import { silent } from "@knarr/std/log.ts";
import { readConfig } from "./config.ts";
import { processId } from "./processes.ts";
import { readRunFile, RunFileKeeper, runFilePath } from "./run-file.ts";
import { Supervisor } from "./supervisor.ts";

const folder = mkdtempSync(join(tmpdir(), "knarr-supervisor-"));
after(() => rmSync(folder, { recursive: true }));

test("Supervisor starts a process again that could not be started at all", async () => {
  const seen = new EventTarget();
  let starts = 0;
  await using supervisor = new Supervisor({
    wordsFor: () => ["version"],
    placeFor: () => (starts++ === 0 ? [join(folder, "no-such-program")] : []),
    logDir: join(folder, "log"),
    log: silent,
    onChange: (processes) => void (processes["part"] && seen.dispatchEvent(new Event("running"))),
  });
  const running = once(seen, "running");
  await assert.rejects(supervisor.start("part"), /part ended before it was ready \(spawn .* ENOENT\)/);
  await running;
  assert.equal(starts, 2);
});

test("RunFileKeeper writes what could not be written before, the last of it", async () => {
  const { config } = readConfig([`--run-dir=${join(folder, "run")}`]);
  const supervisor = processId(process.pid)!;
  const clock = new FakeClock();
  using keeper = new RunFileKeeper(silent, clock);
  const inTheWay = `${runFilePath(config)}.new`; // where it writes first: nobody can
  mkdirSync(inTheWay, { recursive: true });
  keeper.write({ supervisor, config, processes: {} });
  clock.advance(1000); // which wakes it
  while (clock.sleepers === 0) await new Promise(setImmediate);
  keeper.write({ supervisor, config, processes: { server: supervisor } });
  assert.equal(readRunFile(config), undefined);
  rmSync(inTheWay, { recursive: true });
  clock.advance(1000);
  while (!readRunFile(config)) await new Promise(setImmediate);
  assert.deepEqual(readRunFile(config)!.processes, { server: supervisor });
});
