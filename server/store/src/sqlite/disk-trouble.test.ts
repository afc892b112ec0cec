/** What the SQLite driver does on a disk that is full, hangs or fails: refuses writes with a sentence, reads on, bounds what waits, and recovers by itself. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { FakeClock } from "@knarr/std/clock.ts";
import { SqliteStore } from "../drivers/sqlite.ts";
import { OutcomeUnknown, StoreUnavailable, type Store } from "../store.ts";
import { canMakeDisks, TestDisk } from "../testing/disk.ts";

const options = { skip: canMakeDisks ? false : "needs root to make a small disk", timeout: 60_000 };

/** Writes until one is refused: how many were acknowledged, and why no more. */
async function writeUntilRefused(store: Store): Promise<{ written: number; why: Error }> {
  for (let written = 0; ; written++) {
    try {
      await store.put(`/k/${written}`, Buffer.alloc(100_000, written), 0);
    } catch (err) {
      return { written, why: err as Error };
    }
  }
}

/** A store on a disk of its own, and what it has told of its troubles. */
async function onDisk(disk: TestDisk, clock?: FakeClock) {
  const told = new Inbox();
  const path = join(disk.path, "store.db");
  const store = await SqliteStore.open({
    path,
    ...(clock && { clock }),
    onTrouble: (trouble) => told.push(trouble),
  });
  return { path, store, told };
}

class Inbox {
  readonly all: (string | undefined)[] = [];
  #wake: (() => void) | undefined;

  push(trouble: string | undefined): void {
    this.all.push(trouble);
    this.#wake?.();
  }

  async isOver(): Promise<void> {
    while (this.all.at(-1) !== undefined) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}

test(
  "a full disk: writes are refused and have not happened, reads go on, and all is well when there is room",
  options,
  async () => {
    using disk = new TestDisk({ megabytes: 16 });
    const { path, store, told } = await onDisk(disk);
    await using held = store;
    disk.fill();
    const { written, why } = await writeUntilRefused(held);
    assert.ok(why instanceof StoreUnavailable && !(why instanceof OutcomeUnknown), String(why));
    assert.match(why.message, /no space is left on its disk/);
    assert.deepEqual([store.trouble, told.all], [why.message, [why.message]]);
    assert.equal((await store.list("/k/")).entries.length, written);
    await assert.rejects(store.put("/k/more", Buffer.alloc(1_000_000), 0), StoreUnavailable);
    assert.equal(store.revision, written);

    disk.empty();
    await told.isOver();
    assert.equal((await store.put("/k/more", Buffer.alloc(1_000_000), 0)).revision, written + 1);
    assert.deepEqual(await store.check(), []);
    await store[Symbol.asyncDispose]();
    await using again = await SqliteStore.open({ path });
    assert.equal((await again.list("/k/")).entries.length, written + 1);
  },
);

test(
  "a file that cannot be written anew on a full disk stays as it was, until there is room",
  options,
  async () => {
    using disk = new TestDisk({ megabytes: 32 });
    const { store } = await onDisk(disk);
    await using held = store;
    for (let i = 0; i < 10; i++) await held.put(`/k/${i}`, Buffer.alloc(1_000_000, i), 0);
    disk.fill();
    await assert.rejects(held.scrub(), /no space is left on its disk/);
    assert.equal((await held.list("/k/")).entries.length, 10);
    disk.empty();
    await held.scrub();
    assert.deepEqual(await held.check(), []);
    assert.equal((await held.put("/k/more", Buffer.from("1"), 0)).revision, 11);
  },
);

for (const how of ["closed", "killed"]) {
  test(`a store that was ${how} opens on a full disk, and can be read`, options, async () => {
    using disk = new TestDisk({ megabytes: 16 });
    const path = join(disk.path, "store.db");
    if (how === "killed") {
      const writer = new URL("../testing/sqlite-writer.ts", import.meta.url).pathname;
      const child = spawn(process.execPath, [writer, path], { stdio: ["ignore", "pipe", "inherit"] });
      await once(child.stdout, "data");
      child.kill("SIGKILL");
      await once(child, "exit");
    } else {
      await using store = await SqliteStore.open({ path });
      await store.put("/writer/0/0", Buffer.from("1"), 0);
    }
    disk.fill();
    await using again = await SqliteStore.open({ path });
    assert.ok(await again.get("/writer/0/0"));
  });
}

test(
  "a disk that hangs: whoever waits is told, the next are refused at once, and nothing is lost when it goes on",
  options,
  async () => {
    using disk = new TestDisk({ megabytes: 16 });
    const clock = new FakeClock();
    const { path, store, told } = await onDisk(disk, clock);
    await using held = store;
    await held.put("/a", Buffer.from("1"), 0);
    const seen = store.watch("/", 1, new AbortController().signal)[Symbol.asyncIterator]();
    const next = seen.next();
    try {
      disk.freeze();
      const stuck = assert.rejects(store.put("/a", Buffer.from("2"), 1), OutcomeUnknown);
      await new Promise(setImmediate);
      clock.advance(10_000);
      await stuck;
      for (const refused of [store.put("/b", Buffer.from("1"), 0), store.get("/a")])
        await assert.rejects(
          refused,
          (err) => err instanceof StoreUnavailable && /not answered for 10 s/.test(err.message),
        );
    } finally {
      disk.thaw();
    }
    const [change] = (await next).value as readonly { entry: { revision: number } }[];
    assert.equal(change!.entry.revision, 2, "watchers hear of what nobody was told");
    await told.isOver();
    assert.equal((await store.put("/b", Buffer.from("1"), 0)).revision, 3);
    await store[Symbol.asyncDispose]();
    await using again = await SqliteStore.open({ path });
    assert.equal(Buffer.from((await again.get("/a"))!.value).toString(), "2");
  },
);

test("a disk that hangs: no more waits than has room", options, async () => {
  using disk = new TestDisk({ megabytes: 160 });
  const { store } = await onDisk(disk);
  await using held = store;
  const writes: Promise<unknown>[] = [];
  try {
    disk.freeze();
    for (let i = 0; i < 80; i++) writes.push(held.put(`/${i}`, Buffer.alloc(1_000_000), 0));
    await assert.rejects(writes.at(-1)!, /too much waits for its disk/);
  } finally {
    disk.thaw();
  }
  const made = (await Promise.allSettled(writes)).filter(({ status }) => status === "fulfilled").length;
  assert.deepEqual([made, store.revision], [67, 67]);
});

test(
  "a disk that fails: nobody is told what is not so, and nothing is lost when it works again",
  options,
  async () => {
    using disk = new TestDisk({ megabytes: 24 });
    const { path, store, told } = await onDisk(disk);
    await using held = store;
    disk.break();
    const { written, why } = await writeUntilRefused(held);
    assert.ok(why instanceof OutcomeUnknown, String(why));
    assert.match(
      why.message,
      /the disk does not read or write .* Whether the write has happened is not known/,
    );
    assert.equal((await store.list("/k/")).entries.length, written);

    disk.mend();
    await told.isOver();
    await store.put("/after", Buffer.from("1"), 0);
    assert.deepEqual(await store.check(), []);
    await store[Symbol.asyncDispose]();
    await using again = await SqliteStore.open({ path });
    assert.deepEqual(await again.check(), []);
    for (let i = 0; i < written; i++)
      assert.deepEqual([...(await again.get(`/k/${i}`))!.value.subarray(0, 2)], [i % 256, i % 256]);
  },
);
