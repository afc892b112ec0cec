/** Events end by themselves. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { event } from "@knarr/kinds/core/event.ts";
import { startTestServer } from "../testing/server.ts";

const happened = (name: string): any => ({
  metadata: { name, namespace: "default" },
  involvedObject: { kind: "Pod", namespace: "default", name: "p" },
  reason: "Tested",
  type: "Normal",
});

test("events are forgotten an hour after they were last written", async () => {
  await using rig = await startTestServer();
  const names = (): (string | undefined)[] =>
    rig.server.world.list(event as never).map(({ metadata }: any) => metadata.name);
  await rig.api.create(event, happened("old"));
  await rig.api.create(event, happened("again"));
  const pass = async (minutes: number): Promise<void> => {
    for (let i = 0; i < minutes; i++) {
      rig.clock.advance(60_000);
      await new Promise(setImmediate);
    }
  };
  await pass(30);
  await rig.api.patch(event, "default/again", { message: "once more" });
  await pass(35);
  for (let i = 0; i < 10 && names().length > 1; i++) await new Promise(setImmediate);
  assert.deepEqual(names(), ["again"]);
});
