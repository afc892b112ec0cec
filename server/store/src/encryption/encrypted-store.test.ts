/** Values are encrypted where they lie, and whoever uses the store does not see it. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { MemoryStore } from "../drivers/memory.ts";
import { RevisionChanged, type Change, type Store } from "../store.ts";
import { DATA_KEYS } from "./data-keys.ts";
import { EncryptedStore, type EncryptionOptions } from "./encrypted-store.ts";
import { KeyFile } from "./key-file.ts";
import { rotate } from "./rotation.ts";

const folder = mkdtempSync(join(tmpdir(), "knarr-encryption-"));
after(() => rmSync(folder, { recursive: true }));
let files = 0;
const newKeyFile = (): KeyFile => new KeyFile(join(folder, String(++files), "secrets.key"));

const SECRETS = "/registry/secrets/";
const KEY = "/registry/secrets/default/a";
const bytes = (text: string): Buffer => Buffer.from(text);
const text = (value: Uint8Array | undefined): string => Buffer.from(value ?? []).toString();

const open = (store: Store, options: Partial<EncryptionOptions> = {}): Promise<EncryptedStore> =>
  EncryptedStore.open({ store, keyFile: newKeyFile(), prefixes: [SECRETS], ...options });

/** A store that outlives those who close it. */
function shared(store: Store): Store {
  return new Proxy(store, {
    get(target, name) {
      if (name === Symbol.asyncDispose) return async () => {};
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

test("EncryptedStore encrypts what lies under its prefixes, and shows it in plain everywhere", async () => {
  const raw = new MemoryStore();
  await using store = await open(raw);
  const value = bytes('{"data":"hush"}');
  const stop = new AbortController();
  const watched = store.watch(SECRETS, store.revision, stop.signal);
  const next = async (): Promise<Change> => (await watched.next()).value![0]!;
  const first = next();
  const { revision } = await store.put(KEY, value, 0);
  await store.put("/registry/configmaps/default/a", bytes('{"data":"loud"}'), 0);

  assert.equal((await first).entry.value, value, "the watch gives the very bytes");
  const lying = text((await raw.get(KEY))!.value);
  assert.match(lying, /^k8s:enc:aesgcm:v1:knarr-[0-9a-f]{12}:/);
  assert.ok(!lying.includes("hush"));
  assert.equal(text((await raw.get("/registry/configmaps/default/a"))!.value), '{"data":"loud"}');

  assert.equal(text((await store.get(KEY))?.value), '{"data":"hush"}');
  assert.deepEqual(
    (await store.list(SECRETS)).entries.map((entry) => text(entry.value)),
    ['{"data":"hush"}'],
  );
  await assert.rejects(store.put(KEY, bytes("{}"), revision - 1), (err) => {
    assert.ok(err instanceof RevisionChanged);
    assert.equal(text(err.current?.value), '{"data":"hush"}');
    return true;
  });
  const second = next();
  assert.equal(text((await store.delete(KEY, revision)).entry.value), '{"data":"hush"}');
  assert.equal(text((await second).entry.value), '{"data":"hush"}');
  const past: string[] = [];
  for await (const batch of store.changes(SECRETS, 0, store.revision))
    past.push(...batch.map(({ type, entry }) => `${type} ${text(entry.value)}`));
  assert.deepEqual(past, ['put {"data":"hush"}', 'delete {"data":"hush"}']);
  stop.abort();
});

test("EncryptedStore does not open a value that was put at another's place", async () => {
  const raw = new MemoryStore();
  await using store = await open(raw);
  await store.put(KEY, bytes("{}"), 0);
  await raw.put(`${SECRETS}default/b`, Buffer.from((await raw.get(KEY))!.value), 0);
  const moved = (await store.get(`${SECRETS}default/b`))!;
  assert.match(moved.unreadable!, /does not open it/);
  await assert.rejects(store.opened(moved), /Cannot read .*default\/b in the store: .*does not open it/);
});

test("EncryptedStore makes its key file once, for its user alone, and refuses to start without it or with another", async () => {
  await using raw = new MemoryStore();
  const keyFile = newKeyFile();
  {
    await using store = await open(shared(raw), { keyFile });
    await store.put(KEY, bytes("{}"), 0);
  }
  assert.equal(statSync(keyFile.path).mode & 0o777, 0o600);
  const { id } = keyFile.read()!;
  const { revision } = raw;

  const lost = newKeyFile();
  const refuses = (file: KeyFile, why: RegExp): Promise<void> =>
    assert.rejects(open(shared(raw), { keyFile: file }), (err) => {
      assert.match((err as Error).message, why);
      return true;
    });
  await refuses(lost, new RegExp(`wanted is the key file ${lost.path} with the id ${id}, and there is none`));
  assert.equal(lost.read(), undefined);
  lost.create();
  await refuses(lost, new RegExp(`id ${id}, and the one there has the id ${lost.read()!.id}\\.`));
  writeFileSync(lost.path, "what?");
  await refuses(lost, /Cannot use the key file .*: wants 32 bytes in base64/);

  assert.equal(raw.revision, revision);
  await using store = await open(shared(raw), { keyFile });
  assert.equal(text((await store.get(KEY))?.value), "{}");
});

test("EncryptedStore makes no keys where nothing is to be encrypted", async () => {
  const keyFile = newKeyFile();
  await using store = await open(new MemoryStore(), { keyFile, prefixes: [] });
  await store.put(KEY, bytes("{}"), 0);
  assert.deepEqual([store.revision, keyFile.read()], [1, undefined]);
});

test("EncryptedStores over one store learn of each other's new keys", async () => {
  await using raw = new MemoryStore();
  const keyFile = newKeyFile();
  await using one = await open(shared(raw), { keyFile });
  await using other = await open(shared(raw), { keyFile });
  await one.put(KEY, bytes('{"n":1}'), 0);
  await rotate(one);
  assert.equal(text((await other.get(KEY))?.value), '{"n":1}');
  await other.put(`${SECRETS}default/b`, bytes('{"n":2}'), 0);
  assert.equal(text((await one.get(`${SECRETS}default/b`))?.value), '{"n":2}');
  assert.deepEqual(other.keys.keys, one.keys.keys);
});

test("EncryptedStore says which key a value wants that it cannot read, gives it as it lies, and can delete it", async () => {
  const raw = new MemoryStore();
  await using store = await open(raw);
  const cases: [string, RegExp][] = [
    ["k8s:enc:aescbc:v1:old:xxxx", /encrypted with the key "old" \(aescbc\), which is not known here/],
    ["k8s:enc:kms:v2:cloud:xxxx", /a KMS plugin has encrypted it/],
    ["k8s:what", /neither a plain nor an encrypted value/],
  ];
  for (const [index, [value, why]] of cases.entries()) {
    await raw.put(`${SECRETS}default/${index}`, bytes(value), 0);
    const key = `${SECRETS}default/${index}`;
    const found = (await store.get(key))!;
    const { entries } = await store.list(key);
    const { entry: deleted } = await store.delete(key, found.revision);
    for (const entry of [found, entries[0]!, deleted]) {
      assert.match(entry.unreadable!, why);
      assert.equal(Buffer.from(entry.value).toString(), value);
    }
  }
  assert.ok(await raw.get(DATA_KEYS));
});
