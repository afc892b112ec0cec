/** The key file's own key changes without a moment in which nobody can read: whatever ends the change, one of the files opens the store. */

import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdtempSync, rmSync, copyFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { MemoryStore } from "../drivers/memory.ts";
import type { Store } from "../store.ts";
import { DATA_KEYS, DataKeys } from "./data-keys.ts";
import { EncryptedStore } from "./encrypted-store.ts";
import { KeyFile } from "./key-file.ts";
import { encryptionStatus, rotate, rotateKeyFile } from "./rotation.ts";

const folder = mkdtempSync(join(tmpdir(), "knarr-key-file-"));
after(() => rmSync(folder, { recursive: true }));
let files = 0;
const newKeyFile = (): KeyFile => new KeyFile(join(folder, String(++files), "secrets.key"));

const SECRETS = "/registry/secrets/";
const KEY = "/registry/secrets/default/a";
const open = (store: Store, keyFile: KeyFile): Promise<EncryptedStore> =>
  EncryptedStore.open({ store: outliving(store), keyFile, prefixes: [SECRETS] });
const read = async (store: Store): Promise<string> => Buffer.from((await store.get(KEY))!.value).toString();
const wanted = async (raw: Store): Promise<string> => DataKeys.wants((await raw.get(DATA_KEYS))!.value);

/** The store with some of it another, and nobody closes it. */
function outliving(store: Store, other: Partial<Store> = {}): Store {
  return new Proxy(store, {
    get(target, name) {
      if (name === Symbol.asyncDispose) return async () => {};
      if (name in other) return Reflect.get(other, name);
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** A store with one Secret, not open. */
async function filled(keyFile: KeyFile): Promise<MemoryStore> {
  const raw = new MemoryStore();
  await using store = await open(raw, keyFile);
  await store.put(KEY, Buffer.from("{}"), 0);
  return raw;
}

test("rotateKeyFile encrypts the data keys with another key, forgets how they were, and keeps the former file", async () => {
  const keyFile = newKeyFile();
  const raw = await filled(keyFile);
  const former = keyFile.read()!;
  await using store = await open(raw, keyFile);
  const value = (await raw.get(KEY))!.value;
  const revision = store.revision;

  const { path, changed } = await rotateKeyFile(store);
  assert.equal(path, keyFile.path);
  assert.deepEqual(changed, { id: keyFile.read()!.id, former: former.id });
  assert.notEqual(changed!.id, former.id);
  assert.equal(await wanted(raw), changed!.id);
  assert.deepEqual([store.revision, store.compacted], [revision + 1, revision + 1]);
  assert.equal((await raw.get(KEY))!.value, value, "no object is written");
  assert.deepEqual((await encryptionStatus(store)).keyFile, {
    ...{ path, id: changed!.id, next: undefined, former: [`${path}.${former.id}`] },
  });
  for (const file of [path, `${path}.${former.id}`]) assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.throws(() => DataKeys.read(store.keys.stored(keyFile.read()!), former), "the former opens nothing");

  await rotate(store);
  assert.equal(await wanted(raw), changed!.id);
  await using again = await open(raw, keyFile);
  assert.equal(await read(again), "{}");
});

test("a change of the key file that was ended is there or not, and the next one goes on with it", async () => {
  const keyFile = newKeyFile();
  const raw = await filled(keyFile);
  const former = keyFile.read()!;

  // Ended when the next key was made.
  const next = keyFile.createNext();
  {
    await using store = await open(raw, keyFile);
    assert.equal(await read(store), "{}");
    const { keyFile: status } = await encryptionStatus(store);
    assert.deepEqual([status.id, status.next], [former.id, keyFile.nextPath]);
    // Ended when the store had it, and the file had not its place.
    await raw.put(DATA_KEYS, store.keys.stored(next), (await raw.get(DATA_KEYS))!.revision);
  }
  await using store = await open(raw, keyFile);
  assert.equal(await read(store), "{}");
  assert.deepEqual(
    [keyFile.read()!.id, keyFile.next(), keyFile.formerIds()],
    [next.id, undefined, [former.id]],
  );
  assert.equal((await rotateKeyFile(store)).changed!.former, next.id);
  assert.deepEqual(keyFile.formerIds().sort(), [former.id, next.id].sort());
});

test("a store from before the change is read with the former file", async () => {
  const keyFile = newKeyFile();
  const raw = await filled(keyFile);
  const old = (await raw.get(DATA_KEYS))!.value;
  {
    await using store = await open(raw, keyFile);
    await rotateKeyFile(store);
  }
  await raw.put(DATA_KEYS, old, (await raw.get(DATA_KEYS))!.revision);
  await using store = await open(raw, keyFile);
  assert.equal(await read(store), "{}");
  const { path, id, former } = (await encryptionStatus(store)).keyFile;
  assert.deepEqual(
    [path, former],
    [`${keyFile.path}.${id}`, []],
    "nobody is told that it is for backups alone",
  );
  const { changed } = await rotateKeyFile(store);
  assert.equal(await wanted(raw), changed!.id);
});

test("where servers share a store, each has the next key before one of them uses it", async () => {
  const [here, there] = [newKeyFile(), newKeyFile()];
  const raw = await filled(here);
  there.create();
  copyFileSync(here.path, there.path);
  const shared = outliving(raw, { isShared: true });
  await using one = await open(shared, here);
  await using other = await open(shared, there);
  const before = here.read()!.id;

  assert.deepEqual(await rotateKeyFile(one), { path: here.nextPath, changed: undefined });
  assert.deepEqual([await wanted(raw), here.read()!.id], [before, before]);
  copyFileSync(here.nextPath, there.nextPath);
  const { changed } = await rotateKeyFile(one);
  await other.changeKeys((keys) => keys); // which reads what is there
  assert.deepEqual([here.read()!.id, there.read()!.id], [changed!.id, changed!.id]);
  assert.deepEqual([existsSync(here.nextPath), existsSync(there.nextPath)], [false, false]);
  await rotate(one);
  assert.equal(await read(other), "{}");
});

test("a key file that others may read is refused with what to do", async () => {
  const keyFile = newKeyFile();
  const raw = await filled(keyFile);
  chmodSync(keyFile.path, 0o640);
  await assert.rejects(
    open(raw, keyFile),
    /others than its owner may use it \(mode 640\)\. `chmod 600 .*secrets\.key`/,
  );
  chmodSync(keyFile.path, 0o600);
  await using store = await open(raw, keyFile);
  assert.equal(await read(store), "{}");
});
