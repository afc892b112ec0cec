/** A kind whose schema changes under what is stored, and versions of it that are converted on the way out. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { defineResource, type Resource } from "@knarr/kinds/resource.ts";
import { parseFieldSelector } from "@knarr/machinery/fields.ts";
import type { ApiObject } from "@knarr/machinery/object.ts";
import { copyJson } from "@knarr/machinery/patch/copy.ts";
import { internalError } from "@knarr/machinery/status.ts";
import { MemoryStore } from "@knarr/store/drivers/memory.ts";
import type { Caches, Conversion, Item, ResourceCache } from "./cache.ts";
import { openCaches } from "./open-caches.ts";
import { Recorder } from "./testing/world.ts";

interface Boat extends ApiObject {
  spec?: { color?: string; hull?: string };
}

/** Boats as a schema has them that fills in `color`. */
function boats(color?: string): Resource<Boat> {
  return defineResource<Boat>({
    ...{ group: "x.io", version: "v1", kind: "Boat", plural: "boats", scope: "Namespaced" },
    schema: { type: "object" },
    selectableFields: { "spec.color": (object) => object.spec?.color ?? "" },
    revive(object) {
      if (color !== undefined) object.spec = { color, ...object.spec };
    },
  });
}

function boat(name: string, spec: Boat["spec"] = {}): Boat {
  return {
    apiVersion: "x.io/v1",
    kind: "Boat",
    metadata: { name, namespace: "a", uid: `uid-${name}` },
    spec,
  };
}

async function open(): Promise<AsyncDisposable & { caches: Caches; cache: ResourceCache<Boat> }> {
  await using stack = new AsyncDisposableStack();
  const store = stack.use(new MemoryStore());
  const caches = stack.use(await openCaches({ store, resources: [boats()] }));
  const held = stack.move();
  return { caches, cache: caches.of(boats()), [Symbol.asyncDispose]: () => held.disposeAsync() };
}

test("Caches.reload reads what is stored as the new schema has it, and ends watches", async () => {
  await using rig = await open();
  const { caches, cache } = rig;
  const { revision } = await cache.create("a/b", boat("b"));
  const recorder = await Recorder.start(cache as never);
  await caches.reload(boats("red"));
  assert.equal(recorder.ended, "quietly");
  const item = cache.get("a/b")!;
  assert.deepEqual(item.object.spec, { color: "red" });
  assert.equal(JSON.parse(item.bytes.toString()).spec.color, "red");
  assert.equal(item.revision, revision);
  assert.equal((await cache.list({ fieldSelector: parseFieldSelector("spec.color=red") })).items.length, 1);

  await caches.reload(boats());
  assert.deepEqual(cache.get("a/b")!.object.spec, {}, "nothing was written");
});

test("a write that changes nothing writes anew what an older schema left, once", async () => {
  await using rig = await open();
  const { caches, cache } = rig;
  const before = await cache.create("a/b", boat("b"));
  await caches.reload(boats("red"));
  const written = await cache.update("a/b", (current) => copyJson(current));
  assert.ok(written.revision > before.revision);
  const again = await cache.update("a/b", (current) => copyJson(current));
  assert.equal(again.revision, written.revision);
  await caches.reload(boats());
  assert.deepEqual(cache.get("a/b")!.object.spec, { color: "red" });
});

test("nothing is lost that is written while the schema changes", async () => {
  await using rig = await open();
  const { caches, cache } = rig;
  const writes: Promise<unknown>[] = [];
  const reloading = caches.reload(boats("red"));
  for (let i = 0; i < 5; i++) writes.push(cache.create(`a/b${i}`, boat(`b${i}`)));
  await reloading;
  for (let i = 5; i < 10; i++) writes.push(cache.create(`a/b${i}`, boat(`b${i}`)));
  await Promise.all(writes);
  assert.equal(cache.size, 10);
  assert.equal((await cache.list()).items.length, 10);
});

test("writes of a kind that is not served any more are refused", async () => {
  await using rig = await open();
  const { caches, cache } = rig;
  const held = Promise.withResolvers<void>();
  await cache.create("a/b", boat("b"));
  const writing = cache.update("a/b", async (current) => {
    await held.promise;
    return { ...copyJson(current), spec: { color: "blue" } };
  });
  caches.remove(boats());
  held.resolve();
  await assert.rejects(writing, { code: 429, message: "storage is (re)initializing" });
});

/** v2 calls `color` hull, and is converted when `gate` lets it. */
class Renaming implements Conversion {
  readonly #shown = new WeakMap<Item, Item>();
  gate: Promise<void> | undefined;

  shown(items: readonly Item<Boat>[]): readonly Item[] | Promise<readonly Item[]> {
    const convert = (): Item[] => items.map((item) => this.#convert(item));
    return this.gate ? this.gate.then(convert) : convert();
  }

  #convert(item: Item<Boat>): Item {
    return this.#shown.getOrInsertComputed(item, () => {
      const { spec: { color = "" } = {}, ...rest } = item.object;
      const object = { ...rest, apiVersion: "x.io/v2", spec: { hull: color } } as ApiObject;
      return { ...item, object, bytes: Buffer.from(JSON.stringify(object)) };
    });
  }
}

/** What waits for its turn has had it. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const version2 = defineResource<Boat>({
  ...boats(),
  version: "v2",
  selectableFields: { "spec.hull": (object) => object.spec?.hull ?? "" },
});
const red = { fieldSelector: parseFieldSelector("spec.hull=red") };

test("a version is listed as it is converted, selected by its own fields", async () => {
  await using rig = await open();
  const { cache } = rig;
  for (const color of ["red", "blue"]) await cache.create(`a/${color}`, boat(color, { color }));
  const version = cache.inVersion(version2, new Renaming());
  const all = await version.list({ limit: 1 });
  assert.deepEqual(all.items[0]!.object.spec, { hull: "blue" });
  const rest = await version.list({ limit: 1, continue: all.continue! });
  assert.deepEqual(rest.items[0]!.object.spec, { hull: "red" });
  const { items } = await version.list(red);
  assert.deepEqual(
    items.map(({ key }) => key),
    ["a/red"],
  );
});

test("a watch of a version tells state and changes in order, however long conversion takes", async () => {
  await using rig = await open();
  const { cache } = rig;
  const first = await cache.create("a/one", boat("one", { color: "red" }));
  const conversion = new Renaming();
  const version = cache.inVersion(version2, conversion);
  const { promise, resolve } = Promise.withResolvers<void>();
  conversion.gate = promise;
  const starting = Recorder.start(version as never, red);
  const late = Recorder.start(version as never, { ...red, resourceVersion: String(first.revision) });
  const two = await cache.create("a/two", boat("two", { color: "red" }));
  conversion.gate = undefined;
  const turned = await cache.update("a/one", (current) => ({
    ...copyJson(current),
    spec: { color: "blue" },
  }));
  resolve();
  const [recorder, other] = await Promise.all([starting, late]);
  const gone = await cache.delete("a/two");
  await settled();
  const told = (revision: number, what: string): string => `${what}@${revision}`;
  const after = [
    told(two.revision, "ADDED two"),
    told(turned.revision, "DELETED one"),
    told(gone.revision, "DELETED two"),
  ];
  assert.deepEqual(recorder.seen, [told(first.revision, "ADDED one"), ...after]);
  assert.deepEqual(other.seen, after);
  assert.deepEqual(recorder.frames[0].object.spec, { hull: "red" });
});

test("what cannot be converted ends the watches of the version, and is told to who asks", async () => {
  await using rig = await open();
  const { cache } = rig;
  const failing: Conversion = {
    shown: (items) => (items.length > 0 ? Promise.reject(internalError("no")) : items),
  };
  const version = cache.inVersion(version2, failing);
  const recorder = await Recorder.start(version as never);
  await cache.create("a/b", boat("b"));
  await settled();
  assert.match(String(recorder.ended), /no/);
  await assert.rejects(version.list(), /no/);
  await assert.rejects(Recorder.start(version as never), /no/);
});
