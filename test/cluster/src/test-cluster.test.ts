/** The rig itself: writes are really admitted and validated, and time stands still. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { configMap } from "@knarr/kinds/core/config-map.ts";
import { namespace } from "@knarr/kinds/core/namespace.ts";
import { isForbidden, isInvalid, isNotFound } from "@knarr/machinery/status.ts";
import { TestCluster } from "./test-cluster.ts";

test("TestCluster keeps what is written and refuses what is wrong", async () => {
  await using cluster = await TestCluster.start();
  await cluster.create(configMap, { metadata: { name: "a", namespace: "default" }, data: { key: "value" } });
  assert.equal(cluster.get(configMap, "default/a")?.data?.["key"], "value");
  await assert.rejects(
    cluster.create(configMap, { metadata: { name: "A", namespace: "default" } }),
    isInvalid,
  );
  await cluster.delete(configMap, "default/a");
  await assert.rejects(cluster.api.get(configMap, "default/a"), isNotFound);
});

test("TestCluster starts with the system's namespaces and policy", async () => {
  await using cluster = await TestCluster.start();
  const names = cluster.list(namespace).map(({ metadata }) => metadata?.name);
  assert.deepEqual(names.sort(), ["default", "kube-node-lease", "kube-public", "kube-system"]);
  await assert.rejects(cluster.as("jane").list(configMap, { namespace: "default" }), isForbidden);
});
