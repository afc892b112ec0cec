/**
 * The store on this disk: synced writes with 1 and 16 writers, beside what the disk and SQLite can do at least and at most in the same
 * run: a bare loop of write and fdatasync, and `node:sqlite` with one sync for each write.
 */

import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { SqliteStore } from "@knarr/store/drivers/sqlite.ts";
import { HEADER, measure, row } from "./measure.ts";

/** The size of an ordinary pod. */
const VALUE = Buffer.alloc(1500, "x");
const pids = [process.pid];

export async function run(): Promise<void> {
  const folder = mkdtempSync(join(process.env["KNARR_BENCH_DIR"] ?? tmpdir(), "knarr-bench-store-"));
  try {
    console.log(HEADER);
    console.log(row(await disk(join(folder, "floor"))));
    console.log(row(await bareSqlite(join(folder, "bare.db"))));
    await store(join(folder, "store.db"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function disk(path: string) {
  const file = openSync(path, "w");
  const measured = await measure("write 1.5 kB + fdatasync", { total: 1000, clients: 1, pids }, async (i) => {
    writeSync(file, VALUE, 0, VALUE.length, i * 4096);
    fdatasyncSync(file);
  });
  closeSync(file);
  return measured;
}

async function bareSqlite(path: string) {
  using database = new DatabaseSync(path);
  database.exec(
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (key TEXT PRIMARY KEY, value BLOB)",
  );
  const insert = database.prepare("INSERT INTO t VALUES (?, ?)");
  return await measure("node:sqlite, one sync per insert", { total: 1000, clients: 1, pids }, async (i) => {
    insert.run(`/registry/pods/default/pod-${i}`, VALUE);
  });
}

async function store(path: string): Promise<void> {
  await using store = await SqliteStore.open({ path });
  const key = (i: number) => `/registry/pods/default/pod-${i}`;
  let made = 0;
  for (const [clients, total] of [
    [1, 2000],
    [16, 20_000],
    [256, 50_000],
  ] as const) {
    const name = `store: create, ${clients} writers`;
    console.log(row(await measure(name, { total, clients, pids }, () => store.put(key(made++), VALUE, 0))));
  }
  const revisions = new Float64Array(16).map((_, i) => i + 1);
  const update = async (_: number, client: number) => {
    revisions[client] = (await store.put(key(client), VALUE, revisions[client]!)).revision;
  };
  for (let i = 0; i < 16; i++) revisions[i] = (await store.get(key(i)))!.revision;
  console.log(row(await measure("store: update, 16 writers", { total: 20_000, clients: 16, pids }, update)));
  const compacting = store.compact(store.revision);
  const name = "store: update, 16 writers, while compacting";
  console.log(row(await measure(name, { total: 20_000, clients: 16, pids }, update)));
  await compacting;
  console.log(
    row(
      await measure("store: get, 16 readers", { total: 10_000, clients: 16, pids }, (i) => store.get(key(i))),
    ),
  );
  console.log(
    row(
      await measure("store: list of 500", { total: 100, clients: 1, pids }, () =>
        store.list("/registry/pods/", { limit: 500 }),
      ),
    ),
  );
  const { bytes, entries, history } = await store.stats();
  console.log(
    `\n${entries} entries, ${history} rows of history, ${bytes >> 20} MiB; the file alone ${statSync(path).size >> 20} MiB`,
  );
}
