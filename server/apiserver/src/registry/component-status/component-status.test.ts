/** ComponentStatus: what the parts say of themselves, asked each time. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { startTestServer } from "../../testing/server.ts";

const path = "/api/v1/componentstatuses";
const message = "ok";

test("the server says how its store and the parts that it knows are", async () => {
  let isHealthy = false;
  const check = () => ({ isHealthy, message });
  const components = { scheduler: check, "controller-manager": check };
  await using rig = await startTestServer({ components });
  const get = async (below = "", query = {}): Promise<any> =>
    (await rig.transport.request({ method: "GET", path: path + below, query })).body;
  assert.deepEqual((await get("/scheduler")).conditions, [{ type: "Healthy", status: "False", message }]);
  isHealthy = true;
  const { kind, metadata, items } = await get();
  assert.deepEqual([kind, metadata], ["ComponentStatusList", {}]);
  assert.deepEqual(
    items.map((item: any) => [item.metadata.name, item.conditions[0].status]),
    [
      ["scheduler", "True"],
      ["controller-manager", "True"],
      ["etcd-0", "True"],
    ],
  );
  assert.equal((await get("", { fieldSelector: "metadata.name=etcd-0" })).items.length, 1);
});

test("a component nobody knows is not found, and none can be deleted", async () => {
  await using rig = await startTestServer();
  const ask = (method: "GET" | "DELETE", below: string) =>
    rig.transport.request({ method, path: path + below });
  await assert.rejects(ask("GET", "/nope"), { code: 404, message: 'componentstatus "nope" not found' });
  await assert.rejects(ask("DELETE", "/etcd-0"), { code: 405 });
});
