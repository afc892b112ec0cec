/** The kinds of autoscaling/v1. */

import { defineGroup } from "../group.ts";
import { scale } from "./scale.ts";

export const autoscaling = defineGroup({
  group: "autoscaling",
  version: "v1",
  resources: [],
  bodies: [scale],
});
