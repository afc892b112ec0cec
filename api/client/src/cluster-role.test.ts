/** clusterRoleOf: what a declaration lets a controller do, and nothing else. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { deployment } from "@knarr/kinds/apps/deployment.ts";
import { replicaSet } from "@knarr/kinds/apps/replicaset.ts";
import { pod } from "@knarr/kinds/core/pod.ts";
import { clusterRoleOf } from "./cluster-role.ts";
import { defineController } from "./controller.ts";

test("clusterRoleOf lets a controller read what it watches, write what it names, and record events", () => {
  const role = clusterRoleOf(
    defineController({
      name: "deployment",
      for: deployment,
      owns: [replicaSet],
      watches: [
        { resource: pod, wakes: () => [] },
        { resource: replicaSet, wakes: () => [] },
      ],
      writes: {
        "replicasets.apps": ["create"],
        "deployments.apps/status": ["update"],
        pods: ["delete"],
        "*.*": ["patch"],
      },
      async reconcile() {},
    }),
  );
  assert.equal(role.metadata.name, "system:controller:deployment");
  const read = ["get", "list", "watch"];
  assert.deepEqual(role.rules, [
    { apiGroups: ["apps"], resources: ["deployments"], verbs: read },
    { apiGroups: ["apps"], resources: ["replicasets"], verbs: read },
    { apiGroups: [""], resources: ["pods"], verbs: read },
    { apiGroups: ["apps"], resources: ["replicasets"], verbs: ["create"] },
    { apiGroups: ["apps"], resources: ["deployments/status"], verbs: ["update"] },
    { apiGroups: [""], resources: ["pods"], verbs: ["delete"] },
    { apiGroups: ["*"], resources: ["*"], verbs: ["patch"] },
    { apiGroups: ["", "events.k8s.io"], resources: ["events"], verbs: ["create", "patch", "update"] },
  ]);
});
