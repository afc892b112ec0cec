/** The audit log on disk: whole lines, put aside when it is full; and on a disk that is full or hangs, of which no request notices anything. */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { FakeClock } from "@knarr/std/clock.ts";
import { createLogger } from "@knarr/std/log.ts";
import { canMakeDisks, TestDisk } from "@knarr/store/testing/disk.ts";
import { AuditLog } from "./log.ts";
import { LogFile } from "./log-file.ts";

const KILOBYTE = 1024;
const onDisk = { skip: canMakeDisks ? false : "needs root to make a small disk", timeout: 60_000 };

function folder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), "knarr-audit-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

interface Rig {
  readonly audit: AuditLog;
  readonly clock: FakeClock;
  readonly path: string;
  /** What the server's own log says. */
  readonly said: string[];
}

async function open(
  place: string,
  more: { clock?: FakeClock; maxSize?: number; maxBackups?: number; mayWait?: number } = {},
): Promise<Rig> {
  const { clock = new FakeClock(Date.parse("2026-01-01T00:00:00Z")), mayWait, ...limits } = more;
  const path = join(place, "audit.log");
  const said: string[] = [];
  const log = createLogger({ clock, write: (line) => said.push(line.replace(/^(.)\S+ \S+/, "$1").trim()) });
  const file = await LogFile.open({ path, clock, ...limits });
  return { audit: new AuditLog({ file, clock, log, ...(mayWait && { mayWait }) }), clock, path, said };
}

const event = (i: number, size = KILOBYTE) => ({ i, text: "x".repeat(size) });

function numbersIn(path: string): number[] {
  const lines = readFileSync(path, "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line).i);
}

const upTo = (end: number): number[] => Array.from({ length: end }, (_, i) => i);

test("AuditLog puts a full file aside and forgets the oldest", async () => {
  using place = folder();
  const clock = new FakeClock(Date.parse("2026-01-01T00:00:00Z"));
  for (let i = 0; i < 4; i++) {
    const { audit, said } = await open(place.path, { clock, maxSize: 1, maxBackups: 2 });
    audit.write(event(i, 700 * KILOBYTE));
    await audit[Symbol.asyncDispose]();
    assert.deepEqual(said, []);
    clock.advance(1000);
  }
  assert.deepEqual(readdirSync(place.path).sort(), [
    "audit-2026-01-01T00-00-02.000.log",
    "audit-2026-01-01T00-00-03.000.log",
    "audit.log",
  ]);
});

test("AuditLog loses no event when its file is full and cannot be put aside, or is gone", async () => {
  using place = folder();
  const { audit, path, said } = await open(place.path, { maxSize: 1 });
  await using _ = audit;
  const write = async (i: number) => {
    audit.write(event(i, 700 * KILOBYTE));
    await audit.written();
  };
  await write(0);
  mkdirSync(join(place.path, "audit-2026-01-01T00-00-00.000.log")); // a file cannot take its place
  await write(1);
  await write(2);
  assert.equal(said.length, 1, "told once");
  assert.match(said[0]!, /^E "Audit log could not be put aside" .*EISDIR|ENOTEMPTY/);
  assert.deepEqual(numbersIn(path), [0, 1, 2]);
  rmSync(path);
  await write(3);
  await write(4);
  assert.ok(statSync(path).size > 700 * KILOBYTE, "a new file was begun");
});

test(
  "on a full disk events wait and are whole afterwards; no more than may wait, the rest is counted and told",
  onDisk,
  async () => {
    using disk = new TestDisk({ megabytes: 4 });
    const { audit, clock, path, said } = await open(disk.path, { mayWait: 100 * KILOBYTE });
    disk.fill();
    const asleep = async () => {
      while (clock.sleepers === 0) await new Promise(setImmediate);
    };
    for (const i of upTo(200)) audit.write(event(i));
    await asleep();
    assert.equal(audit.events, 200);
    assert.ok(audit.lost >= 100 && audit.lost < 150, `${audit.lost} were lost`);
    const kept = 200 - audit.lost;
    disk.empty();
    clock.advance(1000);
    await audit.written();
    audit.write(event(kept));
    await audit[Symbol.asyncDispose]();
    assert.deepEqual(numbersIn(path), upTo(kept + 1));
    assert.deepEqual(
      said.map((line) => /^. ".*?"|lost=\d+/.exec(line)?.[0]),
      [
        'E "Audit log takes nothing, and events are lost"',
        'E "Audit log could not be written"',
        'I "Audit log is written again"',
      ],
    );
    assert.match(said[2]!, new RegExp(`lost=${200 - kept}$`));
  },
);

test("while the disk hangs nothing else does; the end does not wait for it", onDisk, async () => {
  using disk = new TestDisk({ megabytes: 4 });
  const { audit, clock, path, said } = await open(disk.path, { mayWait: 100 * KILOBYTE });
  disk.freeze();
  audit.write(event(0));
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve))); // it is being written
  clock.advance(10_001);
  for (const i of upTo(200).slice(1)) audit.write(event(i));
  assert.match(said[0]!, /^E "Audit log hangs"/);
  assert.match(said[1]!, /^E "Audit log takes nothing, and events are lost"/);
  const kept = 200 - audit.lost;
  const ended = audit[Symbol.asyncDispose]();
  clock.advance(5000);
  await ended;
  assert.equal(audit.lost, 200, `of which ${kept} were kept until the end`);
  assert.match(said[2]!, /^E "Audit events were lost at the end"/);
  disk.thaw();
  await audit.written();
  assert.deepEqual(numbersIn(path), [0], "the one that was under way");
});
