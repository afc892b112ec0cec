/** `knarr store check` finds objects that cannot be used, and says which; `status` says whose the space is. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { MemoryStore } from "@knarr/store/drivers/memory.ts";
import { DATA_KEYS } from "@knarr/store/encryption/data-keys.ts";
import { EncryptedStore } from "@knarr/store/encryption/encrypted-store.ts";
import { KeyFile } from "@knarr/store/encryption/key-file.ts";
import { UsageError } from "../option.ts";
import { storeCheck } from "./check.ts";
import { storeDiscard } from "./discard.ts";
import { prefixOfResource } from "./encrypted-kinds.ts";
import { storeStatus } from "./status.ts";

const folder = mkdtempSync(join(tmpdir(), "knarr-check-"));
after(() => rmSync(folder, { recursive: true }));

const object = (kind: string, name: string, namespace?: string): Buffer =>
  Buffer.from(JSON.stringify({ kind, metadata: { name, ...(namespace && { namespace }) } }));

async function filled(): Promise<EncryptedStore> {
  const store = await EncryptedStore.open({
    store: new MemoryStore(),
    keyFile: new KeyFile(join(folder, "secrets.key")),
    prefixes: [prefixOfResource("secrets")],
  });
  await store.put("/registry/secrets/a/s", object("Secret", "s", "a"), 0);
  await store.put("/registry/services/specs/a/web", object("Service", "web", "a"), 0);
  await store.put("/registry/minions/n", object("Node", "n"), 0);
  await store.put("/registry/example.io/boats/a/b", object("Boat", "b", "a"), 0);
  return store;
}

test("storeCheck has nothing to say of a good store, and names every object that is not", async () => {
  await using store = await filled();
  assert.deepEqual((await storeCheck(store, [], () => {})).problems, []);
  const { value } = (await store.raw.get("/registry/secrets/a/s"))!;
  await store.raw.put("/registry/secrets/a/moved", Buffer.from(value), 0);
  await store.put("/registry/pods/a/p", Buffer.from("{"), 0);
  await store.put("/registry/pods/a/q", object("Pod", "other", "a"), 0);
  await store.put("/registry/zoo", Buffer.from("\u001b[2J\n"), 0);
  const { objects, problems } = await storeCheck(store, [], () => {});
  assert.equal(objects, 9, "the data keys too");
  assert.equal(problems.length, 4);
  assert.match(problems[3]!, /^Cannot read \/registry\/zoo in the store: [^\p{Cc}]*$/u);
  const { kinds } = await storeStatus(store);
  assert.ok(kinds.some(({ kind }) => kind === "(unknown)"));
  assert.match(problems[0]!, /^Cannot read \/registry\/pods\/a\/p in the store: .*JSON/);
  assert.match(problems[1]!, /^\/registry\/pods\/a\/q is not what lies there: it says that it is a\/other$/);
  assert.match(problems[2]!, /^Cannot read \/registry\/secrets\/a\/moved in the store: .*does not open it/);
});

test("storeCheck and storeStatus know what servers of a shared store agree on there", async () => {
  await using store = await filled();
  await store.put("/registry/ranges/servicenodeports", Buffer.from('{"kind":"RangeAllocation"}'), 0);
  await store.put("/registry/masterleases/10.0.0.1", Buffer.from('{"kind":"Endpoints"}'), 0);
  await store.put("/registry/peerserverleases/apiserver-x", Buffer.from("k8s\0"), 0); // upstream's
  assert.deepEqual((await storeCheck(store, [], () => {})).problems, []);
  const { kinds } = await storeStatus(store);
  assert.deepEqual(
    kinds
      .map(({ kind }) => kind)
      .filter((kind) => !kind.includes("."))
      .sort(),
    [...["masterleases", "nodes", "peerserverleases", "ranges", "secrets", "services"]],
  );
});

test("storeCheck goes on when the past that it looks at is forgotten", async () => {
  await using store = await filled();
  for (let i = 0; i < 1000; i++) await store.put(`/registry/pods/a/p-${i}`, object("Pod", `p-${i}`, "a"), 0);
  let isForgotten = false;
  const { objects, problems } = await storeCheck(store, [], () => {
    if (isForgotten) return;
    isForgotten = true;
    // Before the next page is asked for.
    void store.put("/registry/minions/z", object("Node", "z"), 0);
    void store.compact(store.revision);
  });
  assert.deepEqual([objects >= 1005, problems, isForgotten], [true, [], true]);
});

test("storeDiscard takes away what cannot be used, and nothing else", async () => {
  await using store = await filled();
  await store.put("/registry/pods/a/p", Buffer.from("{"), 0);
  assert.match((await storeDiscard(store, ["/registry/pods/a/p"])).problem, /JSON/);
  assert.equal(await store.get("/registry/pods/a/p"), undefined);
  await assert.rejects(storeDiscard(store, ["/registry/pods/a/p"]), /there is no such key/);
  for (const key of ["/registry/minions/n", DATA_KEYS])
    await assert.rejects(storeDiscard(store, [key]), /nothing is wrong with it/);
});

test("storeStatus counts by kind, whatever the store calls its place", async () => {
  await using store = await filled();
  const { kinds, entries, revision } = await storeStatus(store);
  assert.deepEqual(kinds.map(({ kind, objects }) => `${kind} ${objects}`).sort(), [
    "boats.example.io 1",
    "datakeys.knarr.internal 1",
    "nodes 1",
    "secrets 1",
    "services 1",
  ]);
  assert.deepEqual([entries, revision], [5, 5]);
});

test("prefixOfResource knows built-in kinds and takes custom ones at their word", () => {
  assert.equal(prefixOfResource("secrets"), "/registry/secrets/");
  assert.equal(prefixOfResource("deployments.apps"), "/registry/deployments/");
  assert.equal(prefixOfResource("boats.example.io"), "/registry/example.io/boats/");
  for (const wrong of ["secret", "*.*", "deployments", "boats.example"])
    assert.throws(() => prefixOfResource(wrong), UsageError);
});
