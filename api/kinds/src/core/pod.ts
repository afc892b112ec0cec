/** Containers that run together on one node. */

import type { Pod } from "../../generated/core-v1.ts";
import { defineResource } from "../resource.ts";

export const pod = defineResource<Pod>({
  group: "",
  version: "v1",
  kind: "Pod",
  schema: "io.k8s.api.core.v1.Pod",
  plural: "pods",
  scope: "Namespaced",
  shortNames: ["po"],
  categories: ["all"],
  subresources: { status: true },
});
