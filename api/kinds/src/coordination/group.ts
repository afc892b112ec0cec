/** The kinds of coordination.k8s.io/v1. */

import { defineGroup } from "../group.ts";
import { lease } from "./lease.ts";

export const coordination = defineGroup({
  group: "coordination.k8s.io",
  version: "v1",
  resources: [lease],
});
