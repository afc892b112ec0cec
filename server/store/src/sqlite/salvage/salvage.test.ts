/** Files damaged in many ways: what a salvage brings is what was written, and what it does not bring it tells. */

import assert from "node:assert/strict";
import {
  copyFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { SqliteStore } from "../../drivers/sqlite.ts";
import { checkLog } from "../check.ts";
import { openDatabase } from "../database.ts";
import { RevisionLog } from "../revision-log.ts";
import { salvage, type Salvaged } from "./salvage.ts";

const PAGE = 4096;
const folder = mkdtempSync(join(tmpdir(), "knarr-salvage-"));
after(() => rmSync(folder, { recursive: true }));

/** What was ever written under each key, by revision, the last one last; undefined: deleted. */
type Truth = ReadonlyMap<string, ReadonlyMap<number, string | undefined>>;

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Some hundred keys with short and long values, a history, and pages that were set free. As a server leaves it that was killed, and that was stopped. */
async function fill(): Promise<{ killed: string; stopped: string; truth: Truth }> {
  const random = randomOf(1);
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

/** Every entry as text; undefined for what cannot be read. */
function contentOf(path: string): Map<string, string | undefined> {
  using database = openDatabase(path, []);
  const log = new RevisionLog(database, path);
  const { entries } = log.list("/", log.revision, { count: false });
  return new Map(
    entries.map(({ key, value, unreadable }) => [
      key,
      unreadable ? undefined : Buffer.from(value).toString(),
    ]),
  );
}

/** What is there is what was there at the last revision of which anything is left, or is told. */
function assertTold(truth: Truth, path: string, told: Salvaged): void {
  const content = contentOf(path);
  const isSure = told.unknownWrites === 0;
  const last = told.revision - 1_000_000_000;
  for (const [key, values] of truth) {
    const wanted = values.get(Math.max(0, ...values.keys().filter((revision) => revision <= last)));
    const got = content.get(key);
    if (got === wanted && !(content.has(key) && got === undefined)) continue;
    if (!content.has(key)) assert.ok(told.damagedPages > 1 || !isSure, `${key} is not there`);
    else if (got === undefined) assert.ok(told.lost.includes(key), `${key} is lost`);
    else {
      assert.ok(
        values.values().some((value) => value === got),
        `${key} has a value that nobody wrote`,
      );
      assert.ok([...told.outdated, ...told.doubtful].includes(key) || !isSure, `${key} is an old one`);
    }
  }
  for (const key of content.keys()) assert.ok(truth.has(key), `${key} was never written`);
}

let copies = 0;
async function damaged(
  state: "killed" | "stopped",
  damage: (path: string) => void,
): Promise<{ path: string; truth: Truth }> {
  const { truth, ...paths } = await filled;
  const path = join(folder, `${++copies}.db`);
  for (const part of state === "killed" ? ["", "-wal"] : [""]) cpSync(paths[state] + part, path + part);
  damage(path);
  return { path, truth };
}

const salvaging = (path: string): Salvaged =>
  salvage({ path, stamp: "aside", now: new Date(1e12), moved: [] });

for (const state of ["killed", "stopped"] as const)
  test(`a file that nothing is wrong with comes whole: ${state}`, async () => {
    const { path, truth } = await damaged(state, () => {});
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

/** Of any file: the log lies in the way of the last of them only by chance. */
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

const ROUNDS = Number(process.env["ROUNDS"] ?? 6);
const places = [
  ["stopped", ""],
  ["killed", ""],
  ["killed", "-wal"],
] as const;

/** Calls `work` for files that are damaged in one way and in one of the places. */
async function forDamaged(
  {
    damage,
    state,
    part,
  }: { readonly damage: Damage; readonly state: "killed" | "stopped"; readonly part: "" | "-wal" },
  work: (path: string, truth: Truth) => void,
): Promise<void> {
  for (let seed = 0; seed < ROUNDS; seed++) {
    const random = randomOf(seed);
    const { path, truth } = await damaged(state, (path) =>
      writeFileSync(path + part, damage(readFileSync(path + part), random)),
    );
    try {
      work(path, truth);
    } catch (err) {
      throw new Error(`Of seed ${seed}`, { cause: err });
    }
    for (const left of ["", "-wal", "-shm", ".aside", ".aside-wal", ".aside-shm"])
      rmSync(path + left, { force: true });
  }
}

for (const [name, damage] of Object.entries(damages))
  for (const [state, part] of places) {
    test(`a salvage brings nothing that is wrong, and tells what it does not bring: ${name}, ${state}${part}`, () =>
      forDamaged({ damage, state, part }, (path, truth) => {
        const told = salvaging(path);
        assertTold(truth, path, told);
        assert.ok(told.revision > 1_000_000_000, "revisions go on");
        if (process.env["ROUNDS"])
          console.log(
            name,
            state,
            part,
            JSON.stringify({
              ...told,
              lost: told.lost.length,
              doubtful: told.doubtful.length,
              outdated: told.outdated.length,
            }),
          );
      }));
    test(`a damaged file is refused, or what is wrong with it is told: ${name}, ${state}${part}`, () =>
      forDamaged({ damage, state, part }, (path, truth) => {
        let isRefused = true;
        try {
          using database = openDatabase(path, []);
          const log = new RevisionLog(database, path);
          const { entries } = log.list("/", log.revision, { count: false });
          isRefused = false;
          for (const { key, value, unreadable } of entries)
            assert.ok(
              unreadable ||
                truth
                  .get(key)
                  ?.values()
                  .some((written) => written === Buffer.from(value).toString()),
              `${key} has a value that nobody wrote`,
            );
          const isRight = truth.entries().every(([key, values]) => {
            const wanted = values.get(
              Math.max(0, ...values.keys().filter((revision) => revision <= log.revision)),
            );
            const entry = entries.find((entry) => entry.key === key);
            return wanted === (entry && !entry.unreadable ? Buffer.from(entry.value).toString() : undefined);
          });
          let p: string[] = [];
          try {
            p = checkLog(database);
          } catch (err) {
            p = [String(err)];
          }
          if (process.env["ROUNDS"]) console.log("OPEN", name, state, part, log.revision, isRight, p.length);
          assert.ok(isRight || p.length > 0, "a check finds it");
        } catch (err) {
          if (!isRefused) throw err;
          if (process.env["ROUNDS"]) console.log("OPEN", name, state, part, String(err));
        }
      }));
  }
void truncateSync;
