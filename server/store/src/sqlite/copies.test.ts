/** Backups that are of one moment while writers go on, and files that take a store's place. */

import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { SqliteStore } from "../drivers/sqlite.ts";
import { EncryptedStore } from "../encryption/encrypted-store.ts";
import { KeyFile } from "../encryption/key-file.ts";
import { Compacted } from "../store.ts";
import { restore, type RestoreOptions } from "./copies.ts";

const folder = mkdtempSync(join(tmpdir(), "knarr-copies-"));
after(() => rmSync(folder, { recursive: true }));
let places = 0;
const newPath = (): string => join(folder, `${++places}.db`);
const restoring = (from: string, to: string, more: Partial<RestoreOptions> = {}): RestoreOptions => ({
  from,
  to,
  revision: 0,
  stamp: "aside",
  checkKeyFile: () => {},
  ...more,
});

test("a backup that is made while others write has all up to one revision and nothing after it", async () => {
  const copy = newPath();
  const path = newPath();
  {
    await using store = await SqliteStore.open({ path });
    await Promise.all(
      Array.from({ length: 500 }, (_, i) => store.put(`/old/${i}`, Buffer.alloc(8000, i), 0)),
    );
    const stop = new AbortController();
    const writing = (async () => {
      for (let i = 0; !stop.signal.aborted; i++) await store.put(`/new/${i}`, Buffer.alloc(8000), 0);
    })();
    await store.backup(copy);
    stop.abort();
    await writing;
    assert.deepEqual(await store.check(), []);
  }
  assert.equal(statSync(copy).mode & 0o777, 0o600);
  assert.deepEqual([existsSync(`${copy}-wal`), existsSync(`${copy}.part`)], [false, false]);
  await using copied = await SqliteStore.open({ path: copy });
  assert.deepEqual(await copied.check(), []);
  const { entries } = await copied.list("/");
  assert.equal(entries.length, copied.revision, "one write for every revision");
  assert.ok(copied.revision >= 500);
});

test("a backup is made whatever happens to the file meanwhile: writes, compaction that shortens it, others, and that it is written anew", async () => {
  await using store = await SqliteStore.open({ path: newPath() });
  const rewrite = async (value: number): Promise<unknown> => {
    const { entries } = await store.list("/");
    const before = new Map(entries.map(({ key, revision }) => [key, revision]));
    const keys = Array.from({ length: 1000 }, (_, i) => `/${i}`);
    return Promise.all(keys.map((key) => store.put(key, Buffer.alloc(8000, value), before.get(key) ?? 0)));
  };
  for (let round = 0; round < 5; round++) {
    await rewrite(round);
    const copies = [newPath(), newPath()];
    const made = copies.map((path) => store.backup(path));
    await Promise.all([...made, store.compact(store.revision), ...(round === 3 ? [store.scrub()] : [])]);
    for (const path of copies) {
      await using copied = await SqliteStore.open({ path });
      const { entries } = await copied.list("/");
      assert.ok(entries.length === 1000 && entries.every(({ value }) => value[0] === round));
    }
  }
  assert.deepEqual(await store.check(), []);
});

test("restore puts the old file aside, and revisions that clients have seen never come again", async () => {
  const [path, copy] = [newPath(), newPath()];
  {
    await using store = await SqliteStore.open({ path });
    await store.put("/a", Buffer.from("backed up"), 0);
    await store.backup(copy);
    await store.put("/a", Buffer.from("later"), 1);
  }
  const { aside, revision } = restore(restoring(copy, path, { revision: 2 }));
  await using store = await SqliteStore.open({ path });
  assert.equal(Buffer.from((await store.get("/a"))!.value).toString(), "backed up");
  assert.deepEqual([store.revision, store.compacted], [revision, revision]);
  await assert.rejects(store.get("/a", { revision: 2 }), Compacted);
  assert.equal((await store.put("/b", Buffer.from("1"), 0)).revision, 1_000_000_003);
  await using old = await SqliteStore.open({ path: aside! });
  assert.equal(Buffer.from((await old.get("/a"))!.value).toString(), "later");
});

test("restore takes a file that a killed server has left with the log beside it", async () => {
  const [killed, path] = [newPath(), newPath()];
  {
    await using store = await SqliteStore.open({ path: newPath() });
    await store.put("/a", Buffer.from("in the log"), 0);
    for (const part of ["", "-wal"]) copyFileSync(join(folder, `${places}.db${part}`), killed + part);
  }
  restore(restoring(killed, path));
  await using store = await SqliteStore.open({ path });
  assert.equal(Buffer.from((await store.get("/a"))!.value).toString(), "in the log");
});

test("restore refuses what it cannot use with a sentence, and changes nothing", async () => {
  const [path, secret, newer, text] = [newPath(), newPath(), newPath(), newPath()];
  await (await SqliteStore.open({ path }))[Symbol.asyncDispose]();
  const keyFile = new KeyFile(join(folder, "secrets.key"));
  {
    const store = await SqliteStore.open({ path: secret });
    await using _encrypted = await EncryptedStore.open({ store, keyFile, prefixes: ["/registry/secrets/"] });
  }
  await (await SqliteStore.open({ path: newer }))[Symbol.asyncDispose]();
  {
    using database = new DatabaseSync(newer);
    database.exec("PRAGMA user_version = 99");
  }
  writeFileSync(text, "no database\n".repeat(100));
  const refuseKey = (wanted: string): void => {
    throw new Error(`it wants ${wanted}`);
  };
  for (const [from, why] of [
    [secret, new RegExp(`Cannot restore ${secret}: it wants ${keyFile.read()!.id}`)],
    [newer, /it has format 99, and this version knows/],
    [text, /it is not a SQLite database/],
  ] as const) {
    assert.throws(() => restore(restoring(from, path, { checkKeyFile: refuseKey })), why);
    assert.deepEqual(
      [existsSync(path), existsSync(`${path}.aside`), existsSync(`${path}.part`)],
      [true, false, false],
    );
  }
});

test("writers do not wait for a check, nor does it find fault with what they write; what must have the file alone comes after it", async () => {
  const path = newPath();
  await using store = await SqliteStore.open({ path });
  const revisions = Array.from({ length: 20 }, (_, i) => i + 1);
  for (const i of revisions) await store.put(`/${i}`, Buffer.alloc(9000, i), 0);
  const done: string[] = [];
  const checks = [1, 2].map(async () => done.push(`check: ${await store.check()}`));
  const scrub = store.scrub().then(() => done.push("scrub"));
  await Promise.all(revisions.map((i) => store.put(`/${i}`, Buffer.alloc(9000, 100 + i), i)));
  done.push("writes");
  await Promise.all([...checks, scrub]);
  assert.deepEqual(done.toSorted(), ["check: ", "check: ", "scrub", "writes"]);
  assert.equal(done.at(-1), "scrub", "who waits for all of it comes last");
  assert.deepEqual(await store.check(), []);
  assert.equal((await store.get("/7"))!.value[0], 107);
});

test("check finds rows that break the rules of the log", async () => {
  const path = newPath();
  {
    await using store = await SqliteStore.open({ path });
    await store.put("/a", Buffer.from("1"), 0);
    await store.put("/a", Buffer.from("2"), 1);
  }
  {
    using database = new DatabaseSync(path);
    database.exec("DELETE FROM log WHERE revision = 1; UPDATE log SET created = 9");
  }
  await using store = await SqliteStore.open({ path });
  assert.deepEqual(await store.check(), [
    "Revision 2 of /a names a revision it took the place of that is not there",
    "Revision 2 of /a was made by another revision than it says",
    "Revision 2 of /a is not as it was written",
  ]);
});
