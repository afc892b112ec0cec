/** Items as the cache keeps them: the bytes that went in come out, whatever their size and letters. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { podOf, TestWorld } from "./testing/world.ts";

for (const [name, text] of [
  ["small", "x"],
  ["small, of many alphabets", "é, 日本, 😀"],
  ["large", "x".repeat(5000)],
  ["large, of many alphabets", "é, 日本, 😀".repeat(500)],
] as const)
  test(`an item that is ${name} has the bytes of its object, from a write and from the store`, async () => {
    await using world = await TestWorld.open();
    await world.pods.create("default/a", podOf("a", { annotations: { text } }));
    const written = world.pods.get("default/a")!;
    await using later = await world.restart();
    for (const { bytes, size, object } of [written, later.pods.get("default/a")!]) {
      assert.deepEqual(JSON.parse(bytes.toString()), object);
      assert.equal(object.metadata.annotations!["text"], text);
      assert.equal(bytes.length, size);
    }
    const deleted = await later.pods.delete("default/a");
    assert.equal(JSON.parse(deleted.bytes.toString()).metadata.resourceVersion, "2");
  });
