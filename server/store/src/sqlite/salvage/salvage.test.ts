/** Files damaged in many ways: what a salvage brings is what was written, and what it does not bring it tells. */

import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { seededRandom } from "@knarr/std/seeded-random.ts";
import { SqliteStore } from "../../drivers/sqlite.ts";
import { checkLog } from "../check.ts";
import { openDatabase } from "../database.ts";
import { RevisionLog } from "../revision-log.ts";
import { examine, salvage, type Salvaged } from "./salvage.ts";

const PAGE = 4096;
const folder = mkdtempSync(join(tmpdir(), "knarr-salvage-"));
after(() => rmSync(folder, { recursive: true }));

/** What was ever written under each key, by revision, the last one last; undefined: deleted. */
type Truth = ReadonlyMap<string, ReadonlyMap<number, string | undefined>>;

/** Some hundred keys with short and long values, a history, and pages that were set free. As a server leaves it that was killed, and that was stopped. */
async function fill(): Promise<{ killed: string; stopped: string; truth: Truth }> {
  const random = seededRandom(1);
  const [killed, stopped] = [join(folder, "killed.db"), join(folder, "stopped.db")];
  const truth = new Map<string, Map<number, string | undefined>>();
  let store = await SqliteStore.open({ path: stopped });
  const write = async (key: string, value: string | undefined): Promise<void> => {
    const past = truth.getOrInsertComputed(key, () => new Map());
    const [last = 0, before] = [...past].at(-1) ?? [];
    if (value !== undefined) await store.put(key, Buffer.from(value), before === undefined ? 0 : last);
    else if (before !== undefined) await store.delete(key, last);
    else return;
    past.set(store.revision, value);
  };
  for (let i = 0; i < 1500; i++) {
    const key = `/registry/pods/default/${Math.floor(random() * 250)}`;
    const length = random() < 0.1 ? 12_000 * random() : 1500 * random();
    await write(key, random() < 0.3 ? undefined : `${i} ${"x".repeat(length)}`);
    if (i === 600 || i === 1300) await store.compact(store.revision);
    if (i !== 1450) continue;
    await store[Symbol.asyncDispose](); // all is in the file then, and the rest will be in its log
    store = await SqliteStore.open({ path: stopped });
  }
  for (const part of ["", "-wal"]) copyFileSync(stopped + part, killed + part);
  await store[Symbol.asyncDispose]();
  return { killed, stopped, truth };
}
const filled = fill();

/** Every entry as text, undefined for what cannot be read. */
function open(path: string): {
  readonly database: DatabaseSync;
  readonly revision: number;
  readonly content: ReadonlyMap<string, string | undefined>;
} {
  const database = openDatabase(path, []);
  try {
    const log = new RevisionLog(database);
    const { entries } = log.list("/", log.revision, { count: false });
    const text = (value: Uint8Array): string => Buffer.from(value).toString();
    const content = entries.map(
      ({ key, value, unreadable }) => [key, unreadable ? undefined : text(value)] as const,
    );
    return { database, revision: log.revision, content: new Map(content) };
  } catch (err) {
    database.close();
    throw err;
  }
}

function valueAt(values: ReadonlyMap<number, string | undefined>, revision: number): string | undefined {
  return values.get(Math.max(0, ...values.keys().filter((at) => at <= revision)));
}

function wasWritten(truth: Truth, key: string, wanted: string): boolean {
  return (
    truth
      .get(key)
      ?.values()
      .some((value) => value === wanted) ?? false
  );
}

/** What is there is what was there at the last revision of which anything is left, or is told. */
function assertTold(truth: Truth, path: string, told: Salvaged): void {
  const { database, content } = open(path);
  database.close();
  const isSure = told.unknownWrites === 0;
  const last = told.revision - 1_000_000_000;
  for (const [key, values] of truth) {
    const got = content.get(key);
    if (!content.has(key)) {
      const wanted = valueAt(values, last);
      assert.ok(wanted === undefined || told.damagedPages > 1 || !isSure, `${key} is not there`);
    } else if (got === undefined) assert.ok(told.lost.includes(key), `${key} is lost`);
    else if (got !== valueAt(values, last)) {
      assert.ok(wasWritten(truth, key, got), `${key} has a value that nobody wrote`);
      assert.ok([...told.outdated, ...told.doubtful].includes(key) || !isSure, `${key} is an old one`);
    }
  }
  for (const key of content.keys()) assert.ok(truth.has(key), `${key} was never written`);
}

type State = "killed" | "stopped";

let copies = 0;
async function copied(state: State): Promise<{ path: string; truth: Truth }> {
  const { truth, ...paths } = await filled;
  const path = join(folder, `${++copies}.db`);
  for (const part of state === "killed" ? ["", "-wal"] : [""]) copyFileSync(paths[state] + part, path + part);
  return { path, truth };
}

const salvaging = (path: string): Salvaged =>
  salvage({ path, stamp: "aside", now: new Date(1e12), moved: [] });

for (const state of ["killed", "stopped"] as const)
  test(`a file that nothing is wrong with comes whole: ${state}`, async () => {
    const { path, truth } = await copied(state);
    const told = salvaging(path);
    const { lost, outdated, doubtful, unknownWrites, damagedPages, isLogDamaged } = told;
    assert.deepEqual(
      [lost, outdated, doubtful, unknownWrites, damagedPages, isLogDamaged],
      [[], [], [], 0, 0, false],
    );
    assertTold(truth, path, told);
  });

/** Changes the bytes of a file. */
type Damage = (bytes: Buffer, random: () => number) => Buffer;

const noise = (random: () => number, length: number): Buffer =>
  Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
const pageIn = (bytes: Buffer, random: () => number): number =>
  PAGE * Math.floor(random() * Math.floor(bytes.length / PAGE));

const damages: Readonly<Record<string, Damage>> = {
  "one page of noise": (bytes, random) => put(bytes, pageIn(bytes, random), noise(random, PAGE)),
  "five pages of noise": (bytes, random) => {
    for (let i = 0; i < 5; i++) put(bytes, pageIn(bytes, random), noise(random, PAGE));
    return bytes;
  },
  "some bytes in one page": (bytes, random) => {
    const page = pageIn(bytes, random);
    for (let i = 0; i < 20; i++) put(bytes, page + Math.floor(random() * PAGE), noise(random, 1));
    return bytes;
  },
  "single bytes anywhere": (bytes, random) => {
    for (let i = 0; i < 20; i++) put(bytes, Math.floor(random() * bytes.length), noise(random, 1));
    return bytes;
  },
  "pages of zeros": (bytes, random) => {
    for (let i = 0; i < 3; i++) put(bytes, pageIn(bytes, random), Buffer.alloc(PAGE));
    return bytes;
  },
  "a page in another one's place": (bytes, random) => {
    const from = pageIn(bytes, random);
    return put(bytes, pageIn(bytes, random), bytes.subarray(from, from + PAGE));
  },
  "an end that is cut off": (bytes, random) => bytes.subarray(0, Math.floor(random() * bytes.length)),
  "a header of zeros": (bytes) => put(bytes, 0, Buffer.alloc(100)),
  "first pages of noise": (bytes, random) => put(bytes, 0, noise(random, Math.ceil(4 * random()) * PAGE)),
};

function put(bytes: Buffer, at: number, part: Uint8Array): Buffer {
  bytes.set(part.subarray(0, bytes.length - at), at);
  return bytes;
}

/** Of each kind of damage and place. With 120 it takes some minutes. */
const ROUNDS = 4;

/** Calls `work` for files that are damaged in one way, in one of their parts. */
async function forDamaged(
  { name, state, part }: { readonly name: string; readonly state: State; readonly part: "" | "-wal" },
  work: (path: string, truth: Truth) => void,
): Promise<void> {
  for (let seed = 0; seed < ROUNDS; seed++) {
    const random = seededRandom(seed);
    const { path, truth } = await copied(state);
    writeFileSync(path + part, damages[name]!(readFileSync(path + part), random));
    try {
      work(path, truth);
    } catch (err) {
      throw new Error(`With seed ${seed}`, { cause: err });
    }
  }
}

for (const name of Object.keys(damages))
  for (const [state, part] of [
    ["stopped", ""],
    ["killed", ""],
    ["killed", "-wal"],
  ] as const) {
    test(`a salvage brings nothing wrong, and tells what it does not bring: ${name}, ${state}${part}`, () =>
      forDamaged({ name, state, part }, (path, truth) => {
        if (isNothingLeft(path)) return;
        const told = salvaging(path);
        assertTold(truth, path, told);
        assert.ok(told.revision > 1_000_000_000, "revisions go on");
      }));
    test(`a damaged file is refused, or a check finds what is wrong: ${name}, ${state}${part}`, () =>
      forDamaged({ name, state, part }, assertRefusedOrFound));
  }

/** Then a salvage says so, and that is all. */
function isNothingLeft(path: string): boolean {
  const { objects, lost } = examine(path, new Date(1e12));
  if (objects + lost.length > 0) return false;
  assert.throws(() => salvaging(path), /nothing in it can be read/);
  return true;
}

/** No value is wrong, and whatever else is, a check finds. */
function assertRefusedOrFound(path: string, truth: Truth): void {
  let opened;
  try {
    opened = open(path);
  } catch (err) {
    assert.match((err as Error).message, /damaged|malformed|not a SQLite database/);
    return;
  }
  using database = opened.database;
  const { revision, content } = opened;
  for (const [key, value] of content)
    assert.ok(value === undefined || wasWritten(truth, key, value), `${key} has a value that nobody wrote`);
  const isRight =
    content.values().every((value) => value !== undefined) &&
    truth.entries().every(([key, values]) => content.get(key) === valueAt(values, revision));
  assert.ok(isRight || checkLog(database).length > 0, "a check finds it");
}

test("a file that was cut off to nothing is no new one", async () => {
  const { path } = await copied("stopped");
  writeFileSync(path, "");
  assert.throws(() => openDatabase(path, []), /it is empty, and never was/);
});

test("a salvage refuses files of a newer version and those with nothing in them, and changes nothing", async () => {
  const [newer, nothing] = [await copied("stopped"), await copied("stopped")].map(({ path }) => path) as [
    string,
    string,
  ];
  {
    using database = new DatabaseSync(newer);
    database.exec("PRAGMA user_version = 99");
  }
  writeFileSync(nothing, noise(seededRandom(1), 100_000));
  for (const [path, why] of [
    [newer, /it has format 99, .* Run the newer version that wrote it/],
    [nothing, /nothing in it can be read/],
  ] as const) {
    assert.throws(() => salvaging(path), why);
    assert.deepEqual([existsSync(path), existsSync(`${path}.aside`)], [true, false]);
  }
});
