/** The thread that copies the log beside the writes: that it does, what it leaves when the disk fails, and that a kill in the middle of it loses nothing. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { writeUntilKilled } from "../conformance-durability.ts";
import { SqliteStore } from "../drivers/sqlite.ts";
import { canMakeDisks, TestDisk } from "../testing/disk.ts";
import { Checkpointer } from "./checkpointer.ts";
import { connect } from "./connect.ts";
import { openDatabase } from "./database.ts";
import { RevisionLog } from "./revision-log.ts";

const folder = mkdtempSync(join(tmpdir(), "knarr-checkpointer-"));
after(() => rmSync(folder, { recursive: true }));

test("what is in the log is copied, and what is written meanwhile stays in it", async () => {
  const { path, database, log } = open(folder, "beside");
  using checkpointer = new Checkpointer(path);
  write(log, 200);
  const { log: pages } = counts(database);
  await begun(checkpointer);
  write(log, 10);
  checkpointer.settle();
  assert.equal(checkpointer.isBusy, false);
  const then = counts(database);
  assert.ok(then.checkpointed >= pages && then.checkpointed <= then.log, JSON.stringify(then));
  assert.ok(statSync(path).size >= 200 * BYTES);
  const ended = checkpointer.rest();
  assert.equal(checkpointer.begin(), false, "not by a thread that ends");
  await ended;

  await begun(checkpointer); // a new thread
  checkpointer.settle();
  assert.equal(counts(database).checkpointed, counts(database).log);
  await checkpointer.rest();
  assert.equal(readBack(log), 210);
  database.close();
});

test("where no second connection can be, it says so", async () => {
  const path = join(folder, "text");
  writeFileSync(path, "no database\n".repeat(100));
  using checkpointer = new Checkpointer(path);
  assert.equal(checkpointer.begin(), false);
  while (!checkpointer.isBroken) await turn();
  assert.equal(checkpointer.begin(), false);
  checkpointer.settle();
});

test(
  "what the disk did not take is copied again, before the log begins anew",
  { skip: canMakeDisks ? false : "needs root to make a small disk" },
  async () => {
    using disk = new TestDisk({ megabytes: 24 });
    const { path, database, log } = open(disk.path, "failing");
    const checkpointer = new Checkpointer(path);
    write(log, 200); // the log has its blocks
    database.exec("PRAGMA wal_checkpoint(RESTART)");
    await begun(checkpointer);
    checkpointer.settle();

    write(log, 100);
    const reader = connect(path); // what is written after it began to read is not copied
    reader.exec("BEGIN; SELECT count(*) FROM log");
    const { log: pages } = counts(database);
    write(log, 1);
    disk.break(); // to new blocks
    await begun(checkpointer);
    assert.throws(() => checkpointer.settle(), /EIO|ENOSPC/);
    assert.equal(counts(database).checkpointed, pages, "SQLite takes them for copied");
    assert.throws(() => checkpointer.settle(), /EIO|ENOSPC/);
    reader.close();
    disk.mend();
    checkpointer.settle();
    // Each who had the file open hears of the trouble once.
    assert.throws(() => database.exec("PRAGMA wal_checkpoint(TRUNCATE)"), /disk I\/O error/);
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    await checkpointer.rest();
    database.close();
    checkpointer[Symbol.dispose]();

    disk.remount(); // what the kernel has shown of it, though the disk had it not, is gone
    using again = openDatabase(path, []);
    assert.equal(readBack(new RevisionLog(again)), 301);
  },
);

for (const acknowledged of [140, 150, 160, 170, 180, 300]) {
  test(`kill -9 after ${acknowledged} large writes, about when the log is copied, loses none`, async () => {
    const path = join(folder, `killed-${acknowledged}.db`);
    const writer = new URL("../testing/sqlite-writer.ts", import.meta.url).pathname;
    const writes = await writeUntilKilled([writer, path, "100000"], acknowledged);
    await using store = await SqliteStore.open({ path });
    for (const { key, revision } of writes) {
      const entry = await store.get(key);
      assert.ok(entry && entry.revision >= revision, `${key}@${revision} is ${entry?.revision}`);
      assert.equal(Buffer.from(entry.value).toString().trimEnd(), key);
    }
    assert.deepEqual(await store.check(), []);
  });
}

const BYTES = 20_000;

function open(place: string, name: string) {
  const path = join(place, `${name}.db`);
  const database = openDatabase(path, []);
  return { path, database, log: new RevisionLog(database) };
}

function write(log: RevisionLog, times: number): void {
  for (let i = 0; i < times; i++)
    log.write([{ key: `/${log.revision}`, value: Buffer.alloc(BYTES, log.revision), expected: 0 }]);
}

/** How many are there, each as it was written. */
function readBack(log: RevisionLog): number {
  const { entries } = log.list("/", log.revision, { count: true });
  for (const { key, value } of entries)
    assert.ok(Buffer.from(value).equals(Buffer.alloc(BYTES, Number(key.slice(1)))), key);
  return entries.length;
}

function counts(database: DatabaseSync): { readonly log: number; readonly checkpointed: number } {
  return database.prepare("PRAGMA wal_checkpoint(NOOP)").get() as any;
}

async function begun(checkpointer: Checkpointer): Promise<void> {
  while (!checkpointer.begin()) await turn();
}
