/** The SQLite driver keeps every promise of a store, and what it says about files it cannot use. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { testStore } from "../conformance.ts";
import { StoreUnavailable } from "../store.ts";
import { openStore } from "./drivers.ts";
import { SqliteStore } from "./sqlite.ts";

const folder = mkdtempSync(join(tmpdir(), "knarr-store-"));
after(() => rmSync(folder, { recursive: true }));
let places = 0;
const newPath = (): string => join(folder, String(++places), "store.db");

testStore({
  driver: "sqlite",
  open: () => SqliteStore.open({ path: newPath() }),
  persistent: {
    newPlace: async () => newPath(),
    openAt: (path) => SqliteStore.open({ path }),
    writer: new URL("../testing/sqlite-writer.ts", import.meta.url),
  },
});

test("SqliteStore is for its user alone", async () => {
  const path = newPath();
  await using store = await openStore(`sqlite://${path}`);
  await store.put("/a", Buffer.from("1"), 0);
  const modes = [join(path, ".."), path, `${path}-wal`].map((file) =>
    (statSync(file).mode & 0o777).toString(8),
  );
  assert.deepEqual(modes, ["700", "600", "600"]);
});

test("SqliteStore refuses a file that another process has open", async () => {
  const path = newPath();
  await using _store = await SqliteStore.open({ path });
  const { stderr } = spawnSync(
    process.execPath,
    [new URL("../testing/sqlite-writer.ts", import.meta.url).pathname, path],
    { encoding: "utf8" },
  );
  assert.match(stderr, /Cannot open the store .*store\.db: another process has it open/);
});

test("SqliteStore refuses files that are not its own, newer or damaged, each with a sentence", async () => {
  const cases: [string, (path: string) => void, RegExp][] = [
    ["text", (path) => writeFileSync(path, "no database\n".repeat(100)), /it is not a SQLite database/],
    ["another program's", (path) => execute(path, "CREATE TABLE t (a)"), /a database of something else/],
    ["newer", (path) => execute(path, "PRAGMA user_version = 4"), /has format 4, .* up to 3/],
    ["damaged", (path) => scribble(path, 4096), /its content is damaged/],
  ];
  for (const [name, spoil, message] of cases) {
    const path = newPath();
    if (name !== "text" && name !== "another program's") await fill(path, 10);
    else
      await fill(path, 0).then(() =>
        ["", "-wal"].forEach((suffix) => rmSync(path + suffix, { force: true })),
      );
    spoil(path);
    await assert.rejects(SqliteStore.open({ path }), (err) => {
      assert.ok(err instanceof StoreUnavailable);
      assert.match(err.message, message, name);
      assert.ok(err.message.startsWith(`Cannot open the store ${path}: `), err.message);
      return true;
    });
  }
});

test("SqliteStore moves the keys of a file of format 1, history too, and keeps the file as it was", async () => {
  const path = newPath();
  {
    await using store = await SqliteStore.open({ path });
    await store.put("/registry/core/pods/a/b", Buffer.from("1"), 0);
    await store.put("/registry/core/pods/a/b", Buffer.from("2"), 1);
    await store.put("/registry/x.io/boats/a/b", Buffer.from("3"), 0);
    await store.delete("/registry/core/pods/a/b", 2);
  }
  execute(path, "ALTER TABLE log DROP COLUMN checksum; PRAGMA user_version = 1");
  const movedPrefixes = [["/registry/core/pods/", "/registry/pods/"]] as const;
  for (const _start of ["first", "second"]) {
    await using store = await SqliteStore.open({ path, movedPrefixes });
    const keys = async (revision: number) =>
      (await store.list("/", { revision })).entries.map(({ key, value }) => `${key}=${Buffer.from(value)}`);
    assert.deepEqual(await keys(3), ["/registry/pods/a/b=2", "/registry/x.io/boats/a/b=3"]);
    assert.deepEqual(await keys(4), ["/registry/x.io/boats/a/b=3"]);
    assert.deepEqual(await store.check(), []);
  }
  using copy = new DatabaseSync(`${path}.format-1`, { readOnly: true });
  const { key } = copy.prepare("SELECT key FROM log WHERE revision = 1").get() as any;
  assert.equal(key, "/registry/core/pods/a/b");
  assert.equal(statSync(`${path}.format-1`).mode & 0o777, 0o600);
});

test("SqliteStore says of a value that its disk gives back otherwise that it is not what was written", async () => {
  const path = newPath();
  {
    await using store = await SqliteStore.open({ path });
    for (const [key, value] of Object.entries({ "/a": "good", "/b": "red 10", "/c": "short lived" }))
      await store.put(key, Buffer.from(value), 0);
    await store.delete("/c", 3);
  }
  writeFileSync(
    path,
    readFileSync(path, "latin1").replace("red 10", "red 90").replace("short", "SHORT"),
    "latin1",
  );
  await using store = await SqliteStore.open({ path });
  const unreadable = "its bytes are not those that were written";
  const { entries } = await store.list("/");
  assert.deepEqual(
    entries.map((entry) => entry.unreadable),
    [undefined, unreadable],
  );
  assert.equal((await store.get("/b"))?.unreadable, unreadable);
  const [past] = await Array.fromAsync(store.changes("/", 0, 4));
  assert.deepEqual(
    past!.map(({ type, entry }) => [type, entry.key, entry.revision, entry.unreadable]),
    [
      ["put", "/a", 1, undefined],
      ["put", "/b", 2, unreadable],
      ["put", "/c", 3, unreadable],
      ["delete", "/c", 4, unreadable],
    ],
  );
  assert.deepEqual(
    await store.check(),
    [2, 3].map(
      (revision) => `Revision ${revision} of /${revision === 2 ? "b" : "c"} is not as it was written`,
    ),
  );
  assert.equal((await store.delete("/b", 2)).entry.unreadable, unreadable);
  assert.equal(await store.get("/b"), undefined);
});

test("SqliteStore gives space back, and the file stays near what is live", async () => {
  const path = newPath();
  await using store = await SqliteStore.open({ path });
  const value = Buffer.alloc(4000, 1);
  const revisions = new Map<string, number>();
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < 10; i++) {
      const keys = Array.from({ length: 100 }, (_, k) => `/k/${k}`);
      await Promise.all(
        keys.map(async (key) =>
          revisions.set(key, (await store.put(key, value, revisions.get(key) ?? 0)).revision),
        ),
      );
    }
    await store.compact(store.revision);
  }
  await settled(() => statSync(path).size < 3_000_000);
  const { entries, history } = await store.stats();
  assert.deepEqual([entries, history], [100, 0]);
});

test("openStore explains what an address must be like", async () => {
  const wrong = [
    "",
    "store.db",
    "mysql://host/db",
    "sqlite://store.db",
    "sqlite:///",
    "etcd://host",
    "etcd://",
  ];
  for (const address of wrong) {
    await assert.rejects(
      openStore(address),
      /must be like sqlite:\/\/\/var\/lib\/knarr\/server\/store\.db or etcd:\/\/10\.0\.0\.1:2379,10\.0\.0\.2:2379 or memory:/,
    );
  }
});

async function fill(path: string, keys: number): Promise<void> {
  await using store = await SqliteStore.open({ path });
  for (let i = 0; i < keys; i++) await store.put(`/${i}`, Buffer.alloc(3000), 0);
}

function execute(path: string, sql: string): void {
  using database = new DatabaseSync(path);
  database.exec(sql);
}

function scribble(path: string, at: number): void {
  const file = openSync(path, "r+");
  writeSync(file, Buffer.alloc(statSync(path).size - at, 0xee), 0, undefined, at);
  closeSync(file);
}

async function settled(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
