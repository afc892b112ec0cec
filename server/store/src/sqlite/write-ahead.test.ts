/** The log's file: how long it is, under load and at rest. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openDatabase } from "./database.ts";
import { RevisionLog } from "./revision-log.ts";
import { WriteAhead } from "./write-ahead.ts";

const folder = mkdtempSync(join(tmpdir(), "knarr-write-ahead-"));
after(() => rmSync(folder, { recursive: true }));

const MIB = 1 << 20;

test("the log keeps its length while a load may come back, and has little at rest", () => {
  const path = join(folder, "state.db");
  using database = openDatabase(path, []);
  const ahead = new WriteAhead(database, path);
  const log = new RevisionLog(database);
  ahead.ready();
  const atRest = ahead.bytes;
  assert.ok(atRest > 0 && atRest < MIB, String(atRest));
  const load = (name: string): void => {
    for (let i = 0; i < 100; i++) {
      log.write([{ key: `/${name}/${i}`, value: Buffer.alloc(20_000, name), expected: 0 }]);
      ahead.keepAhead();
    }
  };

  load("a");
  const loaded = ahead.bytes;
  assert.ok(loaded > 2 * MIB && ahead.isFull, String(loaded));
  ahead.checkpoint();
  assert.deepEqual([ahead.bytes, ahead.isFull], [loaded, false]);

  load("b"); // begins the log anew
  assert.ok(ahead.bytes <= loaded + MIB, `${ahead.bytes} after ${loaded}`);
  assert.equal(log.get("/a/99", log.revision)!.value.length, 20_000);

  ahead.rest();
  assert.equal(ahead.bytes, atRest);
  ahead.rest();
  assert.equal(ahead.bytes, atRest);
  assert.equal(log.get("/b/99", log.revision)!.value.length, 20_000);

  ahead.empty(); // the disk was full
  log.write([{ key: "/c", value: Buffer.from("c"), expected: 0 }]);
  assert.ok(ahead.bytes < atRest);
  ahead.checkpoint();
  assert.equal(ahead.bytes, atRest);
});
