/** The kinds of apps/v1. */

import { defineGroup } from "../group.ts";
import { controllerRevision } from "./controller-revision.ts";
import { daemonSet } from "./daemon-set.ts";
import { deployment } from "./deployment.ts";
import { replicaSet } from "./replicaset.ts";
import { statefulSet } from "./stateful-set.ts";

export const apps = defineGroup({
  group: "apps",
  version: "v1",
  resources: [controllerRevision, daemonSet, deployment, replicaSet, statefulSet],
});
