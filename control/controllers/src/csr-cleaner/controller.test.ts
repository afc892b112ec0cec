/** Requests for certificates stay as long as somebody may still want to see them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { certificateSigningRequest as requests } from "@knarr/kinds/certificates/certificate-signing-request.ts";
import { formatTime } from "@knarr/machinery/time.ts";
import { makeWorld } from "../testing/world.ts";
import { csrCleanerController } from "./controller.ts";

const HOUR = 3600_000;

test("a request goes an hour after it was denied, and a day after it was made if nobody answers", async () => {
  await using world = await makeWorld([csrCleanerController]);
  const names = async () => (await world.list(requests)).map(({ metadata }) => metadata.name);
  const now = formatTime(world.clock.now());
  const condition = { type: "Denied", status: "True", lastUpdateTime: now };
  const spec = { request: "", signerName: "example.com/own", usages: ["client auth"] };
  for (const [name, conditions] of [
    ["asked", []],
    ["denied", [condition]],
  ] as const)
    await world.create(requests, {
      metadata: { name, creationTimestamp: now },
      spec,
      status: { conditions: [...conditions] },
    });

  assert.deepEqual(await names(), ["asked", "denied"]);
  world.clock.advance(HOUR);
  await world.settled();
  assert.deepEqual(await names(), ["asked"]);
  world.clock.advance(22 * HOUR);
  await world.settled();
  assert.deepEqual(await names(), ["asked"]);
  world.clock.advance(HOUR);
  await world.settled();
  assert.deepEqual(await names(), []);
});
