/** New keys for all that is encrypted, whatever it was encrypted with, and whatever ends the rotation. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { MemoryStore } from "../drivers/memory.ts";
import { SqliteStore } from "../drivers/sqlite.ts";
import { EncryptedStore } from "./encrypted-store.ts";
import { KeyFile } from "./key-file.ts";
import { RevisionChanged } from "../store.ts";
import { encryptionStatus, rotate, rotateKeyFile } from "./rotation.ts";

const folder = mkdtempSync(join(tmpdir(), "knarr-rotation-"));
after(() => rmSync(folder, { recursive: true }));
const SECRETS = "/registry/secrets/";
const keyOf = (i: number): string => `${SECRETS}default/${i}`;
const valueOf = (i: number): Buffer => Buffer.from(`{"n":${i}}`);

test("rotate writes everything with a new key, plain values too, forgets the past and retires the old key", async () => {
  const raw = new MemoryStore();
  await raw.put(keyOf(0), valueOf(0), 0);
  await raw.put("/registry/configmaps/default/a", Buffer.from("{}"), 0);
  await using store = await EncryptedStore.open({
    store: raw,
    keyFile: new KeyFile(join(folder, "a.key")),
    prefixes: [SECRETS],
  });
  for (let i = 1; i < 700; i++) await store.put(keyOf(i), valueOf(i), 0);
  const before = await encryptionStatus(store);
  assert.deepEqual([before.plain, before.keys.map(({ objects }) => objects)], [1, [699]]);

  const { key, written, retired } = await rotate(store);
  assert.deepEqual([written, retired], [700, [before.keys[0]!.name]]);
  const after = await encryptionStatus(store);
  assert.equal(after.plain, 0);
  assert.deepEqual(
    after.keys.map(({ name, objects }) => [name, objects]),
    [[key, 700]],
  );
  assert.equal(store.compacted, 2 + 1 + 699 + 1 + 700);
  for (const i of [0, 1, 699])
    assert.equal(Buffer.from((await store.get(keyOf(i)))!.value).toString(), valueOf(i).toString());
  assert.equal((await raw.get("/registry/configmaps/default/a"))!.revision, 2);
});

test("rotate makes plain again what is not to be encrypted any more", async () => {
  const raw = new MemoryStore();
  const keyFile = new KeyFile(join(folder, "b.key"));
  const first = await EncryptedStore.open({ store: raw, keyFile, prefixes: [SECRETS] });
  await first.put(keyOf(1), valueOf(1), 0);
  const second = await EncryptedStore.open({ store: raw, keyFile, prefixes: [] });
  assert.equal((await encryptionStatus(second)).tooMuch, 1);
  await rotate(second);
  assert.equal(Buffer.from((await raw.get(keyOf(1)))!.value).toString(), valueOf(1).toString());
  await second[Symbol.asyncDispose]();
});

test("rotate does not undo what is written meanwhile", async () => {
  await using store = await EncryptedStore.open({
    store: new MemoryStore(),
    keyFile: new KeyFile(join(folder, "c.key")),
    prefixes: [SECRETS],
  });
  const { revision } = await store.put(keyOf(1), valueOf(1), 0);
  const [, entry] = await Promise.all([rotate(store), store.put(keyOf(1), valueOf(2), revision)]);
  assert.equal(Buffer.from((await store.get(keyOf(1)))!.value).toString(), valueOf(2).toString());
  assert.ok(entry.revision > revision);
});

test("after a rotation the file has nothing in plain of what was there before it was encrypted", async () => {
  const path = join(folder, "p", "state.db");
  const marker = "plain-as-day";
  const plain = (i: number): Buffer =>
    Buffer.from(JSON.stringify({ i, data: `${marker} `.repeat(1 + ((i * 37) % 700)) }));
  {
    await using store = await SqliteStore.open({ path });
    for (let i = 0; i < 100; i++) {
      const { revision } = await store.put(keyOf(i), plain(i), 0);
      const again = await store.put(keyOf(i), plain(i + 1), revision);
      if (i % 3 === 0) await store.delete(keyOf(i), again.revision);
    }
  }
  const raw = await SqliteStore.open({ path });
  const keyFile = new KeyFile(join(folder, "p", "secrets.key"));
  await using store = await EncryptedStore.open({ store: raw, keyFile, prefixes: [SECRETS] });
  const found = (): string[] => [path, `${path}-wal`].filter((file) => readFileSync(file).includes(marker));
  assert.ok(found().includes(path));
  await rotate(store);
  assert.deepEqual(found(), []);
  assert.deepEqual(await raw.check(), []);
  assert.deepEqual((await store.get(keyOf(1)))!.value, plain(2));
  await store.put(keyOf(0), plain(0), 0);
  assert.deepEqual(found(), []);
});

test("a rotation under write load loses no write, and leaves nothing with an older key", async () => {
  const path = join(folder, "load", "state.db");
  const keyFile = new KeyFile(join(folder, "load", "secrets.key"));
  await using raw = await SqliteStore.open({ path });
  await using store = await EncryptedStore.open({ store: raw, keyFile, prefixes: [SECRETS] });
  const count = 600;
  await Promise.all(Array.from({ length: count }, (_, i) => store.put(keyOf(i), valueOf(i), 0)));
  let isOver = false;
  const acknowledged = new Map<number, number>();
  /** Changes its own objects, one after the other, and makes new ones. */
  const write = async (writer: number): Promise<void> => {
    for (let n = 1; !isOver; n++) {
      const i = writer + 8 * (n % 100);
      const before = await store.get(keyOf(i));
      const { revision } = before ?? { revision: 0 };
      try {
        await store.put(keyOf(i), valueOf(n * 10_000 + i), revision);
        acknowledged.set(i, n * 10_000 + i);
      } catch (err) {
        assert.ok(err instanceof RevisionChanged); // the rotation was faster
      }
    }
  };
  const writers = Array.from({ length: 8 }, (_, writer) => write(writer));
  const progress: number[] = [];
  await rotate(store, (written) => progress.push(written));
  await rotateKeyFile(store);
  isOver = true;
  await Promise.all(writers);
  const { keys, plain } = await encryptionStatus(store);
  assert.deepEqual([keys.length, plain], [1, 0]);
  assert.ok(progress.length > 1 && progress.at(-1)! >= count / 2);
  assert.ok(acknowledged.size > 0);
  for (const [i, n] of acknowledged)
    assert.equal(Buffer.from((await store.get(keyOf(i)))!.value).toString(), valueOf(n).toString());
});

test(
  "a rotation that kill -9 ends loses nothing, and the next one goes on with it",
  { timeout: 60_000 },
  async () => {
    const path = join(folder, "d", "state.db");
    const keyFile = new KeyFile(join(folder, "d", "secrets.key"));
    const open = async (): Promise<EncryptedStore> =>
      EncryptedStore.open({ store: await SqliteStore.open({ path }), keyFile, prefixes: [SECRETS] });
    const count = 3000;
    const names: string[] = [];
    {
      await using store = await open();
      await Promise.all(Array.from({ length: count }, (_, i) => store.put(keyOf(i), valueOf(i), 0)));
      names.push(store.keys.newest!.name);
    }
    await rotateUntilKilled(path, keyFile.path, 1);
    {
      await using store = await open();
      names.push(store.keys.newest!.name);
      const { keys } = await encryptionStatus(store);
      assert.deepEqual(
        keys.map(({ name }) => name),
        names,
        "both keys are there",
      );
      const [old = 0, done = 0] = keys.map(({ objects }) => objects);
      assert.ok(
        old > 0 && done > 0 && old + done === count,
        `${old} with the old key, ${done} with the new one`,
      );
      const { written, retired } = await rotate(store);
      assert.deepEqual([written, retired], [old, [names[0]]]);
    }
    await using store = await open();
    assert.deepEqual(
      store.keys.keys.map(({ name }) => name),
      [names[1]],
    );
    const { entries } = await store.list(SECRETS);
    assert.equal(entries.length, count);
    for (const { key, value } of entries)
      assert.equal(Buffer.from(value).toString(), valueOf(Number(key.split("/").at(-1))).toString());
  },
);

test(
  "whatever step of a rotation kill -9 ends, all can be read, and the next one leaves one key",
  { timeout: 60_000 },
  async () => {
    const path = join(folder, "k", "state.db");
    const keyFile = new KeyFile(join(folder, "k", "secrets.key"));
    const open = async (): Promise<EncryptedStore> =>
      EncryptedStore.open({ store: await SqliteStore.open({ path }), keyFile, prefixes: [SECRETS] });
    const count = 1500;
    {
      await using store = await open();
      await Promise.all(Array.from({ length: count }, (_, i) => store.put(keyOf(i), valueOf(i), 0)));
    }
    // The third report is the last: then the history goes, the file is written anew, and the old key goes.
    for (const reports of [2, 3, 3, 3]) {
      await rotateUntilKilled(path, keyFile.path, reports);
      await using store = await open();
      const { entries } = await store.list(SECRETS);
      assert.equal(entries.length, count);
      for (const { key, value, unreadable } of entries)
        assert.deepEqual(
          [unreadable, Buffer.from(value)],
          [undefined, valueOf(Number(key.split("/").at(-1)))],
        );
      await rotate(store);
      const { keys, plain } = await encryptionStatus(store);
      assert.deepEqual([keys.map(({ objects }) => objects), plain], [[count], 0]);
    }
  },
);

/** Kills a rotation that has reported so often; one that is at its end may be faster. */
async function rotateUntilKilled(path: string, keyFile: string, reports: number): Promise<void> {
  const rotator = new URL("../testing/rotator.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [rotator, path, keyFile], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
    if (text.split("\n").length > reports) child.kill("SIGKILL");
  });
  await exited;
}
