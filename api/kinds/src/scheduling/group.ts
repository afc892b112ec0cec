/** The kinds of scheduling.k8s.io/v1. */

import { defineGroup } from "../group.ts";
import { priorityClass } from "./priority-class.ts";

export const scheduling = defineGroup({
  group: "scheduling.k8s.io",
  version: "v1",
  resources: [priorityClass],
});
