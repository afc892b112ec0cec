/** The room that names live in; deleting one deletes all in it. */

import type { Namespace } from "../../generated/core-v1.ts";
import { defineResource } from "../resource.ts";

export const namespace = defineResource<Namespace>({
  group: "",
  version: "v1",
  kind: "Namespace",
  schema: "io.k8s.api.core.v1.Namespace",
  plural: "namespaces",
  scope: "Cluster",
  shortNames: ["ns"],
  verbs: ["get", "list", "watch", "create", "update", "patch", "delete"],
  hasGeneration: false,
  subresources: { status: true },
});
