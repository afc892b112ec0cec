/** How the parts of the control plane are. Kept nowhere: the server asks them when it is asked. */

import type { ComponentStatus } from "../../generated/core-v1.ts";
import { defineResource } from "../resource.ts";
import { nameColumn } from "../shared/columns.ts";

export const componentStatus = defineResource<ComponentStatus>({
  group: "",
  version: "v1",
  kind: "ComponentStatus",
  schema: "io.k8s.api.core.v1.ComponentStatus",
  plural: "componentstatuses",
  shortNames: ["cs"],
  scope: "Cluster",
  verbs: ["get", "list"],
  isComputed: true,
  deprecation: "v1 ComponentStatus is deprecated in v1.19+",

  columns: [
    nameColumn,
    {
      name: "Status",
      value: (object) => {
        const { status } = healthOf(object) ?? {};
        return status === undefined ? "Unknown" : status === "True" ? "Healthy" : "Unhealthy";
      },
    },
    { name: "Message", value: (object) => healthOf(object)?.message ?? "" },
    { name: "Error", value: (object) => healthOf(object)?.error ?? "" },
  ],
});

function healthOf({ conditions }: ComponentStatus) {
  return conditions?.find(({ type }) => type === "Healthy");
}
