/** Body of every `scale` subresource: how many are wanted and how many there are. */

import type { Scale } from "../../generated/autoscaling-v1.ts";
import { defineResource } from "../resource.ts";
import { ageColumn, nameColumn } from "../shared/columns.ts";

export const scale = defineResource<Scale>({
  group: "autoscaling",
  version: "v1",
  kind: "Scale",
  schema: "io.k8s.api.autoscaling.v1.Scale",
  plural: "",
  scope: "Namespaced",
  verbs: ["get", "update", "patch"],
  columns: [
    { ...nameColumn, format: "" },
    { name: "Desired", type: "integer", value: ({ spec }) => spec?.replicas ?? 0 },
    { name: "Available", type: "integer", value: ({ status }) => status?.replicas ?? 0 },
    ageColumn,
  ],
});
