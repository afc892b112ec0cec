/** The APIServices of what the server serves itself. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { apiService } from "@knarr/kinds/apiregistration/api-service.ts";
import { MemoryStore } from "@knarr/store/drivers/memory.ts";
import { createApi } from "@knarr/client/create-api.ts";
import { ADMIN, startTestServer } from "../testing/server.ts";
import { createApiServer } from "../server.ts";

test("every built-in group has an APIService with upstream's priorities, available from the start", async () => {
  await using rig = await startTestServer();
  const apps = await rig.api.get(apiService, "v1.apps");
  assert.deepEqual(apps.metadata.labels, { "kube-aggregator.kubernetes.io/automanaged": "onstart" });
  assert.deepEqual(apps.spec, {
    group: "apps",
    version: "v1",
    groupPriorityMinimum: 17800,
    versionPriority: 15,
  });
  const [condition] = apps.status!.conditions!;
  assert.deepEqual([condition!.type, condition!.status, condition!.reason], ["Available", "True", "Local"]);
  const { spec } = await rig.api.get(apiService, "v1.");
  assert.deepEqual(spec, { version: "v1", groupPriorityMinimum: 18000, versionPriority: 1 });
  assert.equal(rig.server.world.get(apiService, "v1.apiregistration.k8s.io"), undefined);
});

test("a start mends the APIServices of built-in groups and removes those of groups that went; others are left alone", async () => {
  await using store = new MemoryStore();
  const start = () => createApiServer({ store });
  {
    await using server = await start();
    const api = createApi(server.inProcess(ADMIN));
    const apps = await api.get(apiService, "v1.apps");
    await api.update(apiService, { ...apps, spec: { ...apps.spec!, groupPriorityMinimum: 5 } });
    const labels = { "kube-aggregator.kubernetes.io/automanaged": "true" };
    const spec = { group: "x.io", version: "v1", groupPriorityMinimum: 1, versionPriority: 1 };
    await api.create(apiService, { metadata: { name: "v1.x.io", labels }, spec });
    const mine = { ...spec, group: "mine.io" };
    await api.create(apiService, { metadata: { name: "v1.mine.io" }, spec: mine });
    await api.delete(apiService, "v1.scheduling.k8s.io");
    assert.equal(server.world.get(apiService, "v1.scheduling.k8s.io"), undefined);
  }
  await using server = await start();
  const find = (name: string) => server.world.get(apiService, name);
  assert.equal(find("v1.apps")?.spec?.groupPriorityMinimum, 17800);
  assert.equal(find("v1.x.io"), undefined);
  assert.ok(find("v1.mine.io"));
  assert.ok(find("v1.scheduling.k8s.io"));
});
