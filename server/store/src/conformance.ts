/**
 * What every driver must do. A driver's own test is one line: `testStore({ driver, open })`.
 *
 * Drivers that persist name a `reopen`, which opens what was written before, and a `writer`: the command line of a child process that
 * writes keys one after the other, prints each acknowledged one, and is killed in the middle of it.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Compacted, RevisionChanged, type Change, type Store } from "./store.ts";
import { testDurability, type Persistent } from "./conformance-durability.ts";

export interface StoreUnderTest {
  readonly driver: string;
  /** A new and empty store each time. */
  open(): Promise<Store>;
  /** For drivers whose content outlives the process. */
  readonly persistent?: Persistent;
}

export function testStore({ driver, open, persistent }: StoreUnderTest): void {
  const check = (what: string, body: (store: Store) => Promise<void>): void => {
    test(`${driver} store: ${what}`, async () => {
      await using store = await open();
      await body(store);
    });
  };
  testWrites(check);
  testReads(check);
  testPast(check);
  testWatches(check);
  if (persistent) testDurability(driver, persistent);
}

type Check = (what: string, body: (store: Store) => Promise<void>) => void;

function testWrites(check: Check): void {
  check("revisions rise by one with each write, over all keys", async (store) => {
    assert.equal(store.revision, 0);
    const a = await store.put("/a", bytes("1"), 0);
    const b = await store.put("/b", bytes("1"), 0);
    const again = await store.put("/a", bytes("2"), a.revision);
    const gone = await store.delete("/b", b.revision);
    assert.deepEqual([a.revision, b.revision, again.revision, gone.entry.revision], [1, 2, 3, 4]);
    assert.deepEqual([a.created, again.created, gone.entry.created], [1, 1, 2]);
    assert.equal(store.revision, 4);
  });

  check("put refuses a key that is not at the expected revision, and says what is there", async (store) => {
    await store.put("/a", bytes("1"), 0);
    for (const expected of [0, 2]) {
      await assert.rejects(store.put("/a", bytes("2"), expected), (err) => {
        assert.ok(err instanceof RevisionChanged);
        assert.equal(err.current?.revision, 1);
        assert.equal(text(err.current.value), "1");
        return true;
      });
    }
    await assert.rejects(store.put("/b", bytes("1"), 1), (err: RevisionChanged) => err.current === undefined);
    assert.equal(store.revision, 1);
  });

  check("delete refuses what is absent or has changed, and answers with the last value", async (store) => {
    await assert.rejects(store.delete("/a", 0), RevisionChanged);
    await store.put("/a", bytes("1"), 0);
    await store.put("/a", bytes("2"), 1);
    await assert.rejects(store.delete("/a", 1), RevisionChanged);
    const { type, entry } = await store.delete("/a", 2);
    assert.deepEqual([type, text(entry.value), entry.revision, entry.created], ["delete", "2", 3, 1]);
    await assert.rejects(store.delete("/a", 3), RevisionChanged);
  });

  check("a key that comes back is a new one", async (store) => {
    await store.put("/a", bytes("1"), 0);
    await store.delete("/a", 1);
    const entry = await store.put("/a", bytes("2"), 0);
    assert.deepEqual([entry.revision, entry.created], [3, 3]);
  });

  check("of many writers of one key at once exactly one wins", async (store) => {
    const tries = Array.from({ length: 20 }, (_, i) => store.put("/a", bytes(String(i)), 0));
    const won = (await Promise.allSettled(tries)).filter(({ status }) => status === "fulfilled");
    assert.equal(won.length, 1);
    assert.equal(store.revision, 1);
  });

  check("writes sent together are made in the order they were sent", async (store) => {
    const entries = await Promise.all([
      store.put("/a", bytes("1"), 0),
      store.put("/a", bytes("2"), 1),
      store.delete("/a", 2),
      store.put("/a", bytes("3"), 0),
    ]);
    assert.deepEqual(
      entries.map((e) => ("entry" in e ? e.entry : e).revision),
      [1, 2, 3, 4],
    );
  });

  check("values are bytes: empty, binary and large ones come back as they were", async (store) => {
    const values = [
      new Uint8Array(0),
      Uint8Array.from({ length: 256 }, (_, i) => i),
      new Uint8Array(3_000_000).fill(7),
    ];
    await Promise.all(values.map((value, i) => store.put(`/${i}`, value, 0)));
    const { entries } = await store.list("/");
    assert.deepEqual(
      entries.map(({ value }) => Buffer.compare(value, values[entries.findIndex((e) => e.value === value)]!)),
      [0, 0, 0],
    );
  });
}

function testReads(check: Check): void {
  check("get finds the entry, and nothing where there is none", async (store) => {
    await store.put("/a", bytes("1"), 0);
    const entry = await store.get("/a");
    assert.deepEqual([entry?.key, text(entry!.value), entry?.revision, entry?.created], ["/a", "1", 1, 1]);
    assert.equal(await store.get("/b"), undefined);
    await store.delete("/a", 1);
    assert.equal(await store.get("/a"), undefined);
  });

  check("list gives the keys with a prefix, in key order, at one revision", async (store) => {
    for (const key of ["/p/b", "/p/a", "/q/a", "/p", "/p/c"]) await store.put(key, bytes(key), 0);
    await store.delete("/p/c", 5);
    const { entries, revision, remaining } = await store.list("/p/");
    assert.deepEqual(
      entries.map((e) => `${e.key}=${text(e.value)}@${e.revision}`),
      ["/p/a=/p/a@2", "/p/b=/p/b@1"],
    );
    assert.deepEqual([revision, remaining], [6, 0]);
  });

  check("list goes on after a key, and counts what remains", async (store) => {
    const keys = ["/a", "/a-", "/a/", "/b", "/c"];
    for (const key of keys.toReversed()) await store.put(key, bytes("1"), 0);
    const pages: string[] = [];
    for (let after: string | undefined, remaining = 1; remaining > 0;) {
      const page = await store.list("/", { limit: 2, revision: 5, ...(after && { after }) });
      remaining = page.remaining;
      after = page.entries.at(-1)!.key;
      pages.push(`${page.entries.map(({ key }) => key).join(" ")} +${remaining}`);
    }
    assert.deepEqual(pages, ["/a /a- +3", "/a/ /b +1", "/c +0"]);
    const { entries, remaining } = await store.list("/", { limit: 2, count: false });
    assert.ok(entries.length === 2 && remaining >= 1);
  });

  check("list of nothing is empty, and a revision not reached yet is refused", async (store) => {
    assert.deepEqual(await store.list("/"), { entries: [], revision: 0, remaining: 0 });
    await assert.rejects(store.list("/", { revision: 1 }), RangeError);
    await assert.rejects(store.get("/a", { revision: 1 }), RangeError);
  });
}

/**
 * Worked example, as `keyOf@revision`:
 *
 *     1 put a   2 put b   3 put a   4 delete b   5 put c   6 put b
 */
async function writeHistory(store: Store): Promise<void> {
  await store.put("/a", bytes("a1"), 0);
  await store.put("/b", bytes("b2"), 0);
  await store.put("/a", bytes("a3"), 1);
  await store.delete("/b", 2);
  await store.put("/c", bytes("c5"), 0);
  await store.put("/b", bytes("b6"), 0);
}

const states = ["", "a1", "a1 b2", "a3 b2", "a3", "a3 c5", "a3 b6 c5"];

function testPast(check: Check): void {
  check("reads at a revision see exactly the writes up to it", async (store) => {
    await writeHistory(store);
    for (const [revision, state] of states.entries()) {
      assert.equal(await stateAt(store, revision), state, `at ${revision}`);
      const a = await store.get("/a", { revision });
      assert.equal(
        a && text(a.value),
        state.split(" ").find((value) => value.startsWith("a")),
      );
    }
  });

  for (let at = 1; at <= 6; at++) {
    check(`compaction at ${at} of 6 forgets what was before and keeps the rest`, async (store) => {
      await writeHistory(store);
      await store.compact(at);
      assert.equal(store.compacted, at);
      await assert.rejects(store.list("/", { revision: at - 1 }), Compacted);
      await assert.rejects(store.get("/a", { revision: at - 1 }), Compacted);
      await assert.rejects(take(store.watch("/", at - 1, AbortSignal.timeout(10_000)), 1), Compacted);
      for (let revision = at; revision <= 6; revision++) {
        assert.equal(await stateAt(store, revision), states[revision], `at ${revision}`);
      }
      const { entries, history } = await store.stats();
      assert.equal(entries, 3);
      assert.ok(history <= 6 - at, `${history} rows of history are left`);
    });
  }

  check("compaction never goes back, nor beyond the present, and writes go on after it", async (store) => {
    await writeHistory(store);
    await store.compact(5);
    await store.compact(2);
    assert.equal(store.compacted, 5);
    await assert.rejects(store.compact(7), RangeError);
    await store.delete("/a", 3);
    await store.compact(7);
    assert.equal((await store.put("/a", bytes("a8"), 0)).revision, 8);
    assert.equal(await stateAt(store, 8), "a8 b6 c5");
  });
}

function testWatches(check: Check): void {
  check("watch replays what it missed, then follows, in order", async (store) => {
    await store.put("/pods/a", bytes("1"), 0);
    await store.put("/pods/b", bytes("1"), 0);
    setImmediate(() => void store.put("/nodes/n", bytes("1"), 0).then(() => store.delete("/pods/a", 1)));
    const seen = await take(store.watch("/pods/", 1, AbortSignal.timeout(10_000)), 2);
    assert.deepEqual(seen.map(show), ["put /pods/b=1@2", "delete /pods/a=1@4"]);
  });

  check("changes ends where it is told to", async (store) => {
    await writeHistory(store);
    assert.deepEqual((await take(store.changes("/", 2, 5), 9)).map(show), [
      "put /a=a3@3",
      "delete /b=b2@4",
      "put /c=c5@5",
    ]);
    assert.deepEqual(await take(store.changes("/", 6, 6), 9), []);
    await store.compact(4);
    await assert.rejects(take(store.changes("/", 3, 6), 9), Compacted);
  });

  check("a delete that a watch replays carries the last value", async (store) => {
    await writeHistory(store);
    const seen = await take(store.watch("/", 3, AbortSignal.timeout(10_000)), 3);
    assert.deepEqual(seen.map(show), ["delete /b=b2@4", "put /c=c5@5", "put /b=b6@6"]);
  });

  check("watch from a compacted revision on gets everything after it", async (store) => {
    await writeHistory(store);
    await store.compact(4);
    const seen = await take(store.watch("/", 4, AbortSignal.timeout(10_000)), 2);
    assert.deepEqual(seen.map(show), ["put /c=c5@5", "put /b=b6@6"]);
  });

  check("watch has no gap between the past and the present while others write", async (store) => {
    const total = 600;
    const writing = (async () => {
      for (let i = 0; i < total; i += 20) {
        await Promise.all(Array.from({ length: 20 }, (_, j) => store.put(`/k/${i + j}`, bytes("1"), 0)));
      }
    })();
    await store.put("/other", bytes("1"), 0);
    const starts = [0, 1, store.revision];
    const signal = AbortSignal.timeout(20_000);
    const seen = await Promise.all(
      starts.map((after) => take(store.watch("/", after, signal), total + 1 - after)),
    );
    await writing;
    for (const [index, changes] of seen.entries()) {
      const expected = Array.from({ length: total + 1 - starts[index]! }, (_, i) => starts[index]! + 1 + i);
      assert.deepEqual(
        changes.map(({ entry }) => entry.revision),
        expected,
      );
    }
  });

  check("a watch under way is not disturbed by compaction", async (store) => {
    const stop = new AbortController();
    const watching = take(store.watch("/", 0, stop.signal), 8);
    await writeHistory(store);
    await store.compact(6);
    await store.put("/a", bytes("a7"), 3);
    await store.compact(7);
    await store.put("/a", bytes("a8"), 7);
    assert.deepEqual(
      (await watching).map(({ entry }) => entry.revision),
      [1, 2, 3, 4, 5, 6, 7, 8],
    );
  });

  check("watch has told a change before the writer hears of it", async (store) => {
    const stop = new AbortController();
    let seen = 0;
    const watching = (async () => {
      for await (const batch of store.watch("/", 0, stop.signal)) seen = batch.at(-1)!.entry.revision;
    })();
    for (let revision = 0; revision < 20; revision++) {
      const entry = await store.put("/a", bytes("1"), revision);
      await new Promise(setImmediate); // the watch's own turn
      assert.equal(seen, entry.revision);
    }
    stop.abort();
    await watching;
  });

  check("watch ends when its signal aborts, whatever it waits for", async (store) => {
    for (const when of ["before", "while waiting"]) {
      const stop = new AbortController();
      if (when === "before") stop.abort();
      const watching = take(store.watch("/", 0, stop.signal), 1);
      setImmediate(() => stop.abort());
      assert.deepEqual(await watching, []);
    }
  });
}

async function stateAt(store: Store, revision: number): Promise<string> {
  const { entries } = await store.list("/", { revision });
  return entries.map(({ value }) => text(value)).join(" ");
}

/** The first `count` changes, or those that came before the watch ended. */
async function take(watch: AsyncIterable<readonly Change[]>, count: number): Promise<Change[]> {
  const seen: Change[] = [];
  for await (const batch of watch) {
    seen.push(...batch);
    if (seen.length >= count) break;
  }
  return seen;
}

function show({ type, entry }: Change): string {
  return `${type} ${entry.key}=${text(entry.value)}@${entry.revision}`;
}

function bytes(value: string): Uint8Array {
  return Buffer.from(value);
}

function text(value: Uint8Array): string {
  return Buffer.from(value).toString();
}
