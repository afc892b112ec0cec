/** The kinds of flowcontrol.apiserver.k8s.io/v1. */

import { defineGroup } from "../group.ts";
import { flowSchema } from "./flow-schema.ts";
import { priorityLevelConfiguration } from "./priority-level-configuration.ts";

export const flowcontrol = defineGroup({
  group: "flowcontrol.apiserver.k8s.io",
  version: "v1",
  resources: [flowSchema, priorityLevelConfiguration],
});
