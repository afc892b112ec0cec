/** A machine that runs pods. */

import type { Node } from "../../generated/core-v1.ts";
import { defineResource } from "../resource.ts";

export const node = defineResource<Node>({
  group: "",
  version: "v1",
  kind: "Node",
  schema: "io.k8s.api.core.v1.Node",
  plural: "nodes",
  scope: "Cluster",
  shortNames: ["no"],
  hasGeneration: false,
  subresources: { status: true },
});
