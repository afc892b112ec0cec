/** The kinds of node.k8s.io/v1. */

import { defineGroup } from "../group.ts";
import { runtimeClass } from "./runtime-class.ts";

export const node = defineGroup({
  group: "node.k8s.io",
  version: "v1",
  resources: [runtimeClass],
});
