/** The kinds of apps/v1. */

import { defineGroup } from "../group.ts";
import { deployment } from "./deployment.ts";
import { replicaSet } from "./replicaset.ts";

export const apps = defineGroup({
  group: "apps",
  version: "v1",
  resources: [deployment, replicaSet],
});
