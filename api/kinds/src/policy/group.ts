/** The kinds of policy/v1. */

import { defineGroup } from "../group.ts";
import { eviction } from "./eviction.ts";

export const policy = defineGroup({
  group: "policy",
  version: "v1",
  resources: [],
  bodies: [eviction],
});
