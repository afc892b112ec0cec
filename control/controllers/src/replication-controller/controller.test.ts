/** ReplicationControllers: the pods of their selector, which is a map. What they share with ReplicaSets is tested there. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { event as events } from "@knarr/kinds/core/event.ts";
import { pod as pods } from "@knarr/kinds/core/pod.ts";
import { replicationController as controllers } from "@knarr/kinds/core/replication-controller.ts";
import type { ReplicationController } from "@knarr/kinds/generated/core-v1.ts";
import { makeWorld } from "../testing/world.ts";
import { replicationControllerController } from "./controller.ts";

const web: ReplicationController = {
  apiVersion: "v1",
  kind: "ReplicationController",
  metadata: { name: "web", namespace: "default" },
  spec: {
    replicas: 2,
    selector: { app: "web" },
    template: {
      metadata: { labels: { app: "web" } },
      spec: { containers: [{ name: "c", image: "i" }] },
    },
  },
};

test("ReplicationController keeps its pods at their number, and says so", async () => {
  await using cluster = await makeWorld([replicationControllerController], { kubelet: () => "ready" });
  await cluster.create(controllers, web);
  const [first, second, ...others] = await cluster.list(pods);
  assert.equal(others.length, 0);
  assert.deepEqual(first!.metadata.ownerReferences?.[0], {
    apiVersion: "v1",
    kind: "ReplicationController",
    name: "web",
    uid: (await cluster.api.get(controllers, "default/web")).metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  });
  assert.deepEqual((await cluster.api.get(controllers, "default/web")).status, {
    replicas: 2,
    fullyLabeledReplicas: 2,
    readyReplicas: 2,
    availableReplicas: 2,
    observedGeneration: 1,
  });

  await cluster.delete(pods, first!);
  assert.equal((await cluster.list(pods)).length, 2);
  await cluster.change(pods, `default/${second!.metadata.name}`, ({ metadata }) => delete metadata.labels);
  assert.equal((await cluster.list(pods)).length, 3); // the one it let go is nobody's now
  const told = await cluster.list(events);
  assert.equal(told[0]!.source?.component, "replication-controller");
});
