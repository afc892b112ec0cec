/** The kinds of scheduling.k8s.io/v1, and of v1alpha2. */

import { defineGroup } from "../group.ts";
import { podGroup } from "./pod-group.ts";
import { priorityClass } from "./priority-class.ts";
import { workload } from "./workload.ts";

export const scheduling = defineGroup({
  group: "scheduling.k8s.io",
  version: "v1",
  resources: [priorityClass],
});

export const schedulingV1alpha2 = defineGroup({
  group: "scheduling.k8s.io",
  version: "v1alpha2",
  isOffByDefault: true,
  resources: [workload, podGroup],
});
