/** What `knarr status` says of a cluster, and that it is not well when the store or a node is not. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { startTestServer } from "@knarr/apiserver/testing/server.ts";
import { node } from "@knarr/kinds/core/node.ts";
import { MemoryStore } from "@knarr/store/drivers/memory.ts";
import { sayHealth } from "./status.ts";

test("sayHealth names a store that cannot be written, and nodes that are not ready", async () => {
  let trouble: string | undefined;
  class FullStore extends MemoryStore {
    get trouble(): string | undefined {
      return trouble;
    }
  }
  await using store = new FullStore();
  await using rig = await startTestServer({ store });
  const said = async (): Promise<[boolean, string[]]> => {
    const lines: string[] = [];
    return [await sayHealth(rig.api, { line: (text = "") => void lines.push(text) }), lines];
  };
  assert.deepEqual(await said(), [true, ["  pods: none"]]);

  const { metadata } = await rig.api.create(node, { metadata: { name: "n1" } });
  assert.deepEqual(await said(), [
    false,
    ["  node n1 is not ready: it has not reported yet", "  pods: none"],
  ]);

  await rig.api.delete(node, metadata.name!);
  trouble = "no space is left on its disk";
  assert.deepEqual(await said(), [
    false,
    ["  the store is not well: no space is left on its disk", "  pods: none"],
  ]);
});
