/** The kinds of policy/v1. */

import { defineGroup } from "../group.ts";
import { eviction } from "./eviction.ts";
import { podDisruptionBudget } from "./pod-disruption-budget.ts";

export const policy = defineGroup({
  group: "policy",
  version: "v1",
  resources: [podDisruptionBudget],
  bodies: [eviction],
});
