/** The part of the conformance suite for drivers that persist: what is acknowledged survives the process, however that ends. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import type { Store } from "./store.ts";

export interface Persistent {
  /** Opens a place by name: empty the first time, with what was written there after that. */
  openAt(place: string): Promise<Store>;
  /** A new place. */
  newPlace(): Promise<string>;
  /** Module that a child process runs with the place as its argument: it writes as `writeForever` does. */
  readonly writer: URL;
}

export function testDurability(driver: string, { openAt, newPlace, writer }: Persistent): void {
  test(`${driver} store: reopening finds everything, the past and the revision included`, async () => {
    const place = await newPlace();
    {
      await using store = await openAt(place);
      await store.put("/a", Buffer.from("1"), 0);
      await store.put("/a", Buffer.from("2"), 1);
      await store.put("/b", Buffer.from("1"), 0);
      await store.delete("/b", 3);
    }
    {
      await using store = await openAt(place);
      assert.deepEqual([store.revision, store.compacted], [4, 0]);
      assert.equal(Buffer.from((await store.get("/a", { revision: 1 }))!.value).toString(), "1");
      await store.compact(4);
    }
    await using store = await openAt(place);
    // The newest write was a delete that is compacted away; its revision is not used again all the same.
    assert.deepEqual([store.revision, store.compacted], [4, 4]);
    assert.equal((await store.put("/c", Buffer.from("1"), 0)).revision, 5);
  });

  test(`${driver} store: writes sent before closing are made`, async () => {
    const place = await newPlace();
    {
      await using store = await openAt(place);
      for (let i = 0; i < 50; i++) void store.put(`/${i}`, Buffer.from("1"), 0);
    }
    await using store = await openAt(place);
    assert.equal((await store.list("/")).entries.length, 50);
  });

  for (const after of [1, 200, 2000]) {
    test(`${driver} store: kill -9 after ${after} acknowledged writes loses none`, async () => {
      const place = await newPlace();
      const acknowledged = await writeUntilKilled([writer.pathname, place], after);
      await using store = await openAt(place);
      const { entries } = await store.list("/");
      const kept = new Map(entries.map((entry) => [entry.key, entry]));
      for (const { key, revision } of acknowledged) {
        const entry = kept.get(key);
        assert.ok(
          entry && entry.revision >= revision,
          `${key}@${revision} was acknowledged and is ${entry?.revision}`,
        );
        assert.equal(Buffer.from(entry.value).toString(), `${key} ${entry.revision}`.split(" ")[0]);
      }
      const last = await store.put("/after", Buffer.from("1"), 0);
      assert.ok(last.revision > acknowledged.at(-1)!.revision);
    });
  }
}

/** Eight writers at once, over few keys and many, values of so many bytes at least; prints `key revision` for every acknowledged write. Never ends by itself. */
export async function writeForever(store: Store, bytes = 0): Promise<never> {
  const write = async (writer: number): Promise<never> => {
    for (let i = 0, revision = 0; ; i++) {
      const key = i % 2 ? `/writer/${writer}` : `/writer/${writer}/${i}`;
      const entry = await store.put(key, Buffer.from(key.padEnd(bytes)), i % 2 ? revision : 0);
      if (i % 2) revision = entry.revision;
      process.stdout.write(`${key} ${entry.revision}\n`);
    }
  };
  return Promise.race(Array.from({ length: 8 }, (_, writer) => write(writer)));
}

/** Runs a module that writes forever, with its arguments, and kills it after so many writes. Returns those and what came on the way. */
export async function writeUntilKilled(
  words: readonly string[],
  after: number,
): Promise<{ key: string; revision: number }[]> {
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const acknowledged: { key: string; revision: number }[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const [key = "", revision] = line.split(" ");
    acknowledged.push({ key, revision: Number(revision) });
    if (acknowledged.length === after) child.kill("SIGKILL");
  }
  assert.deepEqual(await exited, [null, "SIGKILL"]);
  return acknowledged;
}
